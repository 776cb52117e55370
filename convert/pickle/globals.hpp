#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <milepost/result.hpp>

#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

struct GlobalRow;

/// A function of the table that a pickle calls: it makes an object, or an error. Never anything else.
struct Call {
    Objects& objects;
    const GlobalRow& row;
    std::span<const Ref> arguments;
};

enum class GlobalKind : std::uint8_t {
    callable,  ///< REDUCE of it makes an object
    dtype,     ///< torch.dtype: a value
    storage,   ///< a class of storages, in persistent ids
    name,      ///< only an argument of others, such as a class
};

/// A global that pickles of data name.
struct GlobalRow {
    std::string_view module;
    std::string_view name;
    GlobalKind kind;
    Result<Ref> (*call)(const Call& call) = nullptr;  ///< for callables
    std::string_view dtype = {};                      ///< of torch: of a dtype or a storage; "" if untyped
};

/// The row of a global; module and name have to be those of a row, in the spelling of any version of Python,
/// NumPy and PyTorch. Errors: unsupported/global for every other one, with what to do about it.
[[nodiscard]] Result<std::uint32_t> find_global(std::string_view module, std::string_view name);

/// Requires: a number that find_global() returned.
[[nodiscard]] const GlobalRow& global_at(std::uint32_t row) noexcept;

/// "module.name".
[[nodiscard]] std::string full_name(const GlobalRow& row);

}  // namespace milepost::convert::pickle
