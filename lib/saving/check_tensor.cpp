#include "saving/check_tensor.hpp"

#include <cstdint>
#include <string>
#include <string_view>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"
#include "core/text.hpp"
#include "format/index.hpp"

namespace milepost::saving {
namespace {

using base::message;
using core::printable;

constexpr unsigned kFirstBlock = 128;

bool is_set_aside(unsigned code) {
    constexpr unsigned kFirst = 27, kLast = 41;
    return (code >= kFirst && code <= kLast) || code >= kFirstBlock;
}

/// What the codes from 27 to 41 are set aside for: c32, i1 to i7, u1 to u7. Those from 128 on are for blocks
/// of ggml, whose names begin so; their sizes are ggml's.
bool has_meaning_set_aside(unsigned code, const DtypeInfo& dtype) {
    constexpr unsigned kComplex = 27, kSigned = 28, kUnsigned = 35;
    constexpr std::string_view kBlockName = "ggml.";
    if (code >= kFirstBlock)
        return dtype.bits % 8 == 0 && dtype.name.starts_with(kBlockName) && dtype.name != kBlockName;
    if (code == kComplex) return dtype.bits == 32 && dtype.name == "c32";
    const unsigned bits = code - (code < kUnsigned ? kSigned : kUnsigned) + 1;
    return dtype.bits == bits && dtype.name == message(code < kUnsigned ? "i" : "u", bits);
}

}  // namespace

Result<void> check_dtype(const DtypeInfo& dtype, const Limits& limits, bool is_from_file) {
    const auto code = static_cast<unsigned>(dtype.code);
    const std::string what =
        message("dtype ", code, ", '", printable(dtype.name), "' of ", dtype.bits, " bits");
    if (const auto known = find_dtype(dtype.code)) {
        if (*known == dtype) return {};
        return Error(Condition::layout, message(what, ": the dtype is not that of its code, '", known->name,
                                                "' of ", known->bits));
    }
    if (!core::bits_allowed(dtype.bits))
        return Error(Condition::layout, message(what, ": ", core::describe(core::LayoutFault::bits)));
    if (is_set_aside(code) && !is_from_file && !has_meaning_set_aside(code, dtype))
        return Error(Condition::layout, message(what, ": the code is set aside for another dtype"));
    if (dtype.name.size() > limits.max_name_bytes) {
        return Error(Condition::name_bytes, message("dtype ", code, ": its name has ", dtype.name.size(),
                                                    " bytes, the limit is ", limits.max_name_bytes));
    }
    if (dtype.name.empty() || !core::is_utf8(dtype.name) || core::has_control(dtype.name)) {
        return Error(Condition::save_name,
                     message(what, ": its name is empty, not UTF-8, or has control characters"));
    }
    return {};
}

Result<void> check_tensor(const TensorView& tensor, const Limits& limits) {
    const std::uint32_t greatest_rank = format::greatest_rank(limits);
    if (tensor.rank() > greatest_rank) {
        return Error(Condition::rank,
                     message("a tensor has rank ", tensor.rank(), ", the limit is ", greatest_rank));
    }
    MILEPOST_TRY(tensor.check_layout());
    if (static_cast<unsigned>(tensor.role()) > static_cast<unsigned>(Role::buffer)) {
        return Error(Condition::layout, message("a tensor has the role ",
                                                static_cast<unsigned>(tensor.role()), ", which is unknown"));
    }
    if (find_dtype(tensor.dtype().code)) return {};  // check_layout has compared it
    return check_dtype(tensor.dtype(), limits, detail::ViewAccess::provider(tensor.storage()) != nullptr);
}

}  // namespace milepost::saving
