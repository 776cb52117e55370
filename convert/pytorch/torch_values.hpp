#pragma once

#include <string_view>

#include <milepost/dtype.hpp>
#include <milepost/value.hpp>

namespace milepost::convert::pytorch {

/// How a dtype of Milepost is called in files of PyTorch.
struct StorageClass {
    Dtype dtype;
    std::string_view torch_name;  ///< of the dtype: "float32"
    std::string_view name;        ///< of its storages: "FloatStorage"; "" if they have no type of their own
};

/// The row of a dtype, or null if PyTorch does not have it.
[[nodiscard]] const StorageClass* find_storage_class(const DtypeInfo& dtype) noexcept;

/// Whether its tensors can have requires_grad.
[[nodiscard]] bool takes_grad(Dtype dtype) noexcept;

/// Why torch.load would not return this value, such as "a dtype that PyTorch does not have"; "" if it does.
/// Of containers only the keys count. Throws std::bad_alloc.
[[nodiscard]] std::string_view why_not_held(const Value& value);

/// What of a value that is written changes, such as an attribute; "" if nothing does.
[[nodiscard]] std::string_view what_changes(const Value& value) noexcept;

}  // namespace milepost::convert::pytorch
