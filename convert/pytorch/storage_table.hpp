#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/pickle/objects.hpp"
#include "convert/pickle/torch_dtypes.hpp"
#include "convert/pickle/value_of.hpp"

namespace milepost::convert::pytorch {

/// Where the elements of one storage are.
struct StoragePlace {
    std::shared_ptr<const Source> source;
    std::uint64_t begin = 0;
    std::uint64_t nbytes = 0;  ///< as the file has them
};

/// The storages of a file by their keys: each becomes one storage of Milepost, however many tensors view it.
class StorageTable : public pickle::Storages {
public:
    [[nodiscard]] Result<StorageView> find(const pickle::StorageObject& storage) final;

private:
    /// Where the storage of a key is. Errors: corrupt/foreign if the file does not have it. Called once for
    /// each key.
    [[nodiscard]] virtual Result<StoragePlace> place(const pickle::StorageObject& storage) = 0;

    struct Known {
        const pickle::TorchDtype* dtype;
        std::uint64_t count;
        StorageView view;
    };
    std::map<std::string, Known, std::less<>> known_;
};

/// The size of a storage by the pickle. Errors: corrupt/foreign if it does not fit into 64 bits.
[[nodiscard]] Result<std::uint64_t> nbytes_of(const pickle::StorageObject& storage);

}  // namespace milepost::convert::pytorch
