#include <milepost/error.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/message.hpp"

namespace milepost {
namespace {

struct CodeRow {
    Code code;
    std::string_view word;
};

struct ConditionRow {
    Condition condition;
    Code code;
    std::string_view word;
};

// clang-format off
constexpr std::array<CodeRow, 11> kCodes = {{
    {Code::not_a_checkpoint, "not_a_checkpoint"},
    {Code::unsupported, "unsupported"},
    {Code::corrupt, "corrupt"},
    {Code::limit_exceeded, "limit_exceeded"},
    {Code::not_found, "not_found"},
    {Code::invalid_argument, "invalid_argument"},
    {Code::io_error, "io_error"},
    {Code::truncated, "truncated"},
    {Code::mismatch, "mismatch"},
    {Code::not_durable, "not_durable"},
    {Code::cancelled, "cancelled"},
}};

/// The only definition of the words of conditions and of their codes; in the order of the enum.
constexpr std::array kConditions = {
    ConditionRow{Condition::magic, Code::not_a_checkpoint, "magic"},
    ConditionRow{Condition::zero_header, Code::not_a_checkpoint, "zero_header"},
    ConditionRow{Condition::not_regular, Code::not_a_checkpoint, "not_regular"},

    ConditionRow{Condition::version, Code::unsupported, "version"},
    ConditionRow{Condition::required_flag, Code::unsupported, "required_flag"},
    ConditionRow{Condition::codec, Code::unsupported, "codec"},
    ConditionRow{Condition::dtype, Code::unsupported, "dtype"},
    ConditionRow{Condition::global, Code::unsupported, "global"},
    ConditionRow{Condition::opcode, Code::unsupported, "opcode"},
    ConditionRow{Condition::feature, Code::unsupported, "feature"},
    ConditionRow{Condition::not_held, Code::unsupported, "not_held"},

    ConditionRow{Condition::text_mode, Code::corrupt, "text_mode"},
    ConditionRow{Condition::header_checksum, Code::corrupt, "header_checksum"},
    ConditionRow{Condition::reserved, Code::corrupt, "reserved"},
    ConditionRow{Condition::alignment, Code::corrupt, "alignment"},
    ConditionRow{Condition::footer_checksum, Code::corrupt, "footer_checksum"},
    ConditionRow{Condition::footer_header, Code::corrupt, "footer_header"},
    ConditionRow{Condition::file_size, Code::corrupt, "file_size"},
    ConditionRow{Condition::trailing_bytes, Code::corrupt, "trailing_bytes"},
    ConditionRow{Condition::index_range, Code::corrupt, "index_range"},
    ConditionRow{Condition::index_checksum, Code::corrupt, "index_checksum"},
    ConditionRow{Condition::index_copy, Code::corrupt, "index_copy"},
    ConditionRow{Condition::index_schema, Code::corrupt, "index_schema"},
    ConditionRow{Condition::index_alignment, Code::corrupt, "index_alignment"},
    ConditionRow{Condition::index_canonical, Code::corrupt, "index_canonical"},
    ConditionRow{Condition::name, Code::corrupt, "name"},
    ConditionRow{Condition::name_order, Code::corrupt, "name_order"},
    ConditionRow{Condition::name_duplicate, Code::corrupt, "name_duplicate"},
    ConditionRow{Condition::order, Code::corrupt, "order"},
    ConditionRow{Condition::reference, Code::corrupt, "reference"},
    ConditionRow{Condition::shape, Code::corrupt, "shape"},
    ConditionRow{Condition::stride, Code::corrupt, "stride"},
    ConditionRow{Condition::tensor_range, Code::corrupt, "tensor_range"},
    ConditionRow{Condition::storage_range, Code::corrupt, "storage_range"},
    ConditionRow{Condition::storage_gap, Code::corrupt, "storage_gap"},
    ConditionRow{Condition::storage_size, Code::corrupt, "storage_size"},
    ConditionRow{Condition::storage_unused, Code::corrupt, "storage_unused"},
    ConditionRow{Condition::chunk_size, Code::corrupt, "chunk_size"},
    ConditionRow{Condition::chunk_checksum, Code::corrupt, "chunk_checksum"},
    ConditionRow{Condition::ratio, Code::corrupt, "ratio"},
    ConditionRow{Condition::codec_frame, Code::corrupt, "codec_frame"},
    ConditionRow{Condition::codec_size, Code::corrupt, "codec_size"},
    ConditionRow{Condition::codec_parameters, Code::corrupt, "codec_parameters"},
    ConditionRow{Condition::content_checksum, Code::corrupt, "content_checksum"},
    ConditionRow{Condition::padding, Code::corrupt, "padding"},
    ConditionRow{Condition::value_kind, Code::corrupt, "value_kind"},
    ConditionRow{Condition::value_tree, Code::corrupt, "value_tree"},
    ConditionRow{Condition::value_key, Code::corrupt, "value_key"},
    ConditionRow{Condition::value_bytes, Code::corrupt, "value_bytes"},
    ConditionRow{Condition::group, Code::corrupt, "group"},
    ConditionRow{Condition::foreign, Code::corrupt, "foreign"},
    ConditionRow{Condition::foreign_checksum, Code::corrupt, "foreign_checksum"},

    ConditionRow{Condition::index_bytes, Code::limit_exceeded, "index_bytes"},
    ConditionRow{Condition::tables, Code::limit_exceeded, "tables"},
    ConditionRow{Condition::records, Code::limit_exceeded, "records"},
    ConditionRow{Condition::rank, Code::limit_exceeded, "rank"},
    ConditionRow{Condition::name_bytes, Code::limit_exceeded, "name_bytes"},
    ConditionRow{Condition::total_bytes, Code::limit_exceeded, "total_bytes"},
    ConditionRow{Condition::decoded_bytes, Code::limit_exceeded, "decoded_bytes"},
    ConditionRow{Condition::depth, Code::limit_exceeded, "depth"},
    ConditionRow{Condition::address_space, Code::limit_exceeded, "address_space"},

    ConditionRow{Condition::file, Code::not_found, "file"},
    ConditionRow{Condition::tensor, Code::not_found, "tensor"},
    ConditionRow{Condition::model, Code::not_found, "model"},
    ConditionRow{Condition::optimizer, Code::not_found, "optimizer"},
    ConditionRow{Condition::value, Code::not_found, "value"},

    ConditionRow{Condition::wrong_type, Code::invalid_argument, "wrong_type"},
    ConditionRow{Condition::layout, Code::invalid_argument, "layout"},
    ConditionRow{Condition::option, Code::invalid_argument, "option"},
    ConditionRow{Condition::target, Code::invalid_argument, "target"},
    ConditionRow{Condition::save_name, Code::invalid_argument, "save_name"},
    ConditionRow{Condition::callback, Code::invalid_argument, "callback"},

    ConditionRow{Condition::open, Code::io_error, "open"},
    ConditionRow{Condition::read, Code::io_error, "read"},
    ConditionRow{Condition::write, Code::io_error, "write"},
    ConditionRow{Condition::no_space, Code::io_error, "no_space"},
    ConditionRow{Condition::quota, Code::io_error, "quota"},
    ConditionRow{Condition::file_size_limit, Code::io_error, "file_size_limit"},
    ConditionRow{Condition::sync, Code::io_error, "sync"},
    ConditionRow{Condition::close, Code::io_error, "close"},
    ConditionRow{Condition::link, Code::io_error, "link"},
    ConditionRow{Condition::rename, Code::io_error, "rename"},
    ConditionRow{Condition::map, Code::io_error, "map"},
    ConditionRow{Condition::changed, Code::io_error, "changed"},
    ConditionRow{Condition::in_use, Code::io_error, "in_use"},
    ConditionRow{Condition::out_of_memory, Code::io_error, "out_of_memory"},

    ConditionRow{Condition::empty, Code::truncated, "empty"},
    ConditionRow{Condition::short_file, Code::truncated, "short"},
    ConditionRow{Condition::no_footer, Code::truncated, "no_footer"},
    ConditionRow{Condition::cut, Code::truncated, "cut"},

    ConditionRow{Condition::missing, Code::mismatch, "missing"},
    ConditionRow{Condition::unexpected, Code::mismatch, "unexpected"},
    ConditionRow{Condition::other_shape, Code::mismatch, "other_shape"},
    ConditionRow{Condition::other_dtype, Code::mismatch, "other_dtype"},
    ConditionRow{Condition::other_content, Code::mismatch, "other_content"},

    ConditionRow{Condition::directory_sync, Code::not_durable, "directory_sync"},

    ConditionRow{Condition::by_caller, Code::cancelled, "by_caller"},
};
// clang-format on

constexpr bool rows_match_enums() {
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
        if (static_cast<std::size_t>(kCodes[i].code) != i) return false;
    }
    for (std::size_t i = 0; i < kConditions.size(); ++i) {
        if (static_cast<std::size_t>(kConditions[i].condition) != i) return false;
    }
    return true;
}

static_assert(rows_match_enums(), "rows are in the order of the enums, one for each value");
static_assert(kCodes.back().code == Code::cancelled, "a row for the last code");
static_assert(kConditions.back().condition == Condition::by_caller, "a row for the last condition");

}  // namespace

Code code_of(Condition condition) noexcept {
    return kConditions[static_cast<std::size_t>(condition)].code;
}

std::string_view name(Code code) noexcept {
    return kCodes[static_cast<std::size_t>(code)].word;
}

std::string_view name(Condition condition) noexcept {
    return kConditions[static_cast<std::size_t>(condition)].word;
}

std::string Error::to_string() const {
    return base::message(name(code()), "/", name(condition_), ": ", message_);
}

Error Error::within(std::string_view prefix) const {
    return Error(condition_, base::message(prefix, ": ", message_));
}

}  // namespace milepost
