#include "format/keys.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "core/canonical_key.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"

namespace milepost::format {
namespace {

/// False for kinds that cannot be keys. Of a tuple, only the header is appended.
bool append_key(const Index& index, const IndexOffsets& offsets, std::uint32_t number, std::string& key) {
    const ValueRecord& value = index.values[number];
    const auto kind = static_cast<Kind>(value.kind);
    const bool has_bytes =
        kind == Kind::integer || kind == Kind::floating || kind == Kind::string || kind == Kind::bytes;
    const auto bytes = has_bytes
                           ? index.value_bytes.subspan(offsets.data_begin[number], offsets.value_size[number])
                           : std::span<const std::byte>();
    switch (kind) {
        case Kind::null:
            core::append_null_key(key);
            return true;
        case Kind::boolean:
            core::append_bool_key(key, value.subtype != 0);
            return true;
        case Kind::integer:
            core::append_int_key(key, bytes);
            return true;
        case Kind::floating:
            return core::append_float_key(key,
                                          std::bit_cast<double>(base::load_le<std::uint64_t>(bytes.data())));
        case Kind::string:
            core::append_string_key(key, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
            return true;
        case Kind::bytes:
            core::append_bytes_key(key, bytes);
            return true;
        case Kind::tuple:
            core::append_tuple_header(key, offsets.value_size[number]);
            return true;
        default:
            return false;
    }
}

}  // namespace

std::optional<std::string> stored_key(const Index& index, const IndexOffsets& offsets, std::uint32_t value) {
    // Tuples may nest as deep as the caller's limit allows: an explicit stack, not recursion.
    struct Range {
        std::uint32_t next, end;
    };
    std::string key;
    std::vector<Range> open{{value, value + 1}};
    while (!open.empty()) {
        Range& range = open.back();
        if (range.next == range.end) {
            open.pop_back();
            continue;
        }
        const std::uint32_t number = range.next++;
        if (!append_key(index, offsets, number, key)) return std::nullopt;
        const ValueRecord& record = index.values[number];
        if (static_cast<Kind>(record.kind) == Kind::tuple) {
            const std::uint32_t first = offsets.data_begin[number];
            open.push_back({first, first + offsets.value_size[number]});
        }
    }
    return key;
}

}  // namespace milepost::format
