#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/export.hpp>

namespace milepost {

/// What a caller can do about an error. No eleventh code without a new remedy.
enum class Code : std::uint8_t {
    not_a_checkpoint,  ///< open another file; the message says what it looks like
    unsupported,       ///< get a newer library
    corrupt,           ///< get a good copy, or salvage what is whole
    limit_exceeded,    ///< raise the limit, if the file is trusted
    not_found,         ///< ask for something else
    invalid_argument,  ///< mend the program
    io_error,          ///< look at the machine, then try again
    truncated,         ///< copy or download again, or use the previous checkpoint
    mismatch,          ///< the file is whole but is not the one asked for
    not_durable,       ///< the new file is in place; keep the old copy, check the disk
};

/// What is wrong, one word each; belongs to exactly one code. docs/format.md names the condition of each
/// rule.
// clang-format off
enum class Condition : std::uint8_t {
    // not_a_checkpoint
    magic, zero_header, not_regular,
    // unsupported
    version, required_flag, codec, dtype,
    // corrupt
    text_mode, header_checksum, reserved, alignment, footer_checksum, footer_header, file_size, trailing_bytes,
    index_range, index_checksum, index_copy, index_schema, index_alignment, index_canonical, name, name_order,
    name_duplicate, order, reference, shape, stride, tensor_range, storage_range, storage_gap,
    storage_size, storage_unused, chunk_size, chunk_checksum, ratio, codec_frame, codec_size,
    codec_parameters, content_checksum, padding, value_kind, value_tree, value_key, value_bytes, group,
    // limit_exceeded
    index_bytes, tables, records, rank, name_bytes, total_bytes, depth, address_space,
    // not_found
    file, tensor, model, optimizer, value,
    // invalid_argument
    wrong_type, layout, option, target, save_name,
    // io_error
    open, read, write, no_space, quota, file_size_limit, sync, close, link, rename, map, changed, in_use,
    out_of_memory,
    // truncated
    empty, short_file, no_footer, cut,
    // mismatch
    missing, unexpected, other_shape, other_dtype,
    // not_durable
    directory_sync,
};
// clang-format on

/// The code that a condition belongs to.
MILEPOST_API Code code_of(Condition condition) noexcept;

/// The word of a code or a condition, as messages and `--json` write it: "corrupt", "chunk_checksum".
///@{
MILEPOST_API std::string_view name(Code code) noexcept;
MILEPOST_API std::string_view name(Condition condition) noexcept;
///@}

/// One failure: a condition, its code, and one message that names structure, offset, expected and found.
///
///     auto file = milepost::Reader::open("lenet.milepost");
///     if (!file && file.error().code() == milepost::Code::truncated) use_previous();
///     if (!file) std::cerr << file.error().to_string() << '\n';
///
/// Texts that come from a file are escaped and cut before they enter a message. A plain value; any
/// thread.
class Error {
public:
    /// The code is that of the condition.
    Error(Condition condition, std::string message) noexcept
        : condition_(condition), message_(std::move(message)) {}

    /// What to do about it, what is wrong, and the text without these words.
    ///@{
    [[nodiscard]] Code code() const noexcept { return code_of(condition_); }
    [[nodiscard]] Condition condition() const noexcept { return condition_; }
    [[nodiscard]] const std::string& message() const noexcept { return message_; }
    ///@}

    /// "code/condition: message".
    [[nodiscard]] MILEPOST_API std::string to_string() const;

    /// The same error, its message led by `prefix` and ": ".
    [[nodiscard]] MILEPOST_API Error within(std::string_view prefix) const;

private:
    Condition condition_;
    std::string message_;
};

}  // namespace milepost
