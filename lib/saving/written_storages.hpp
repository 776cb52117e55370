#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "core/storage_provider.hpp"

namespace milepost::saving {

/// What the placeholders of one Writer view: storages whose bytes are in the file already. Placeholders share
/// ownership of it, so that those of a Writer that is gone are never taken for those of another one.
class WrittenStorages final : public detail::StorageProvider {
public:
    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t,
                                             std::uint64_t) const override {
        return written_already(storage);
    }
    Result<void> read(std::uint32_t storage, std::uint64_t, std::span<std::byte>) const override {
        return written_already(storage);
    }
    Result<void> gather(std::uint32_t storage, const detail::StridedLayout&,
                        std::span<std::byte>) const override {
        return written_already(storage);
    }
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }

    /// The same dtype with a name that lives as long as this: the Reader that an unknown dtype came from may
    /// be closed before the commit. Throws std::bad_alloc.
    [[nodiscard]] DtypeInfo keep_name(DtypeInfo dtype) {
        if (!find_dtype(dtype.code)) dtype.name = *dtype_names_.emplace(dtype.name).first;
        return dtype;
    }

private:
    static Error written_already(std::uint32_t storage) {
        return Error(Condition::layout,
                     base::message("storage ", storage, " was written; its bytes are in the file"));
    }

    std::set<std::string, std::less<>> dtype_names_;  ///< of dtypes that the library does not know
};

}  // namespace milepost::saving
