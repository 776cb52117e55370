#include <new>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/get_as.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "format/find_value.hpp"
#include "loading/decode_parts.hpp"
#include "loading/open.hpp"
#include "loading/reader_impl.hpp"  // IWYU pragma: keep

namespace milepost {

using loading::OpenedIndex;

Error detail::wrong_kind(std::string_view expected, const Value& found) {
    return {Condition::wrong_type, base::message("expected ", expected, ", found ", name(found.kind()))};
}

Result<Value> Reader::value_at(std::string_view path) const try {
    const OpenedIndex& opened = impl_->opened;
    const auto value = format::find_value(opened.index, opened.offsets, opened.part_names(), path);
    if (!value) {
        return Error(Condition::value, base::message("there is nothing at '", core::printable(path), "'"));
    }
    return loading::decode_value(*impl_, *value);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
