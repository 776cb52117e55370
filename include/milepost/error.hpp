#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/export.hpp>

namespace milepost {

/// What a caller can do about an error. Each code has its own remedy.
enum class Code : std::uint8_t {
    not_a_checkpoint,  ///< open another file; the message tells what it looks like
    unsupported,       ///< get a newer library
    corrupt,           ///< get a good copy, or save what is whole
    limit_exceeded,    ///< raise the limit, if you trust the file
    not_found,         ///< ask for something else
    invalid_argument,  ///< fix the calling code
    io_error,          ///< look at the machine, then try again
    truncated,         ///< copy or download again, or use the previous checkpoint
    mismatch,          ///< the file is whole but is not the one asked for
    not_durable,       ///< the new file is in place; keep the old copy, check the disk
    cancelled,         ///< nothing: the program asked for it
};

/// What is wrong, one word each. A condition belongs to exactly one code. docs/format.md names the condition
/// of each rule; its appendix A has these lines, with remedies.
// clang-format off
enum class Condition : std::uint8_t {
    // not_a_checkpoint
    magic,            ///< The file begins with other bytes than the magic.
    zero_header,      ///< The first 64 bytes are zero, as after a power cut.
    not_regular,      ///< The path is a directory, a device or a pipe.
    // unsupported
    version,          ///< The format version is not one that this library reads.
    required_flag,    ///< The file needs a feature that this library does not know.
    codec,            ///< A storage has a codec that this library does not know.
    dtype,            ///< Typed access to a tensor whose dtype this library does not know.
    global,           ///< A pickle names a function or a class that is not data.
    opcode,           ///< A pickle has an instruction that is not needed for data.
    feature,          ///< A file of another format has something that this library does not read.
    not_held,         ///< The format to write cannot hold a part of the checkpoint.
    // corrupt
    text_mode,        ///< The file was transferred as text.
    header_checksum,  ///< The header is damaged.
    reserved,         ///< A reserved byte or an undefined flag is not zero.
    alignment,        ///< The header's alignment is not a power of two from 64 to 2 MiB.
    footer_checksum,  ///< The footer at the end of the file is damaged.
    footer_header,    ///< The footer was written for another header.
    file_size,        ///< The file is longer than its footer states.
    trailing_bytes,   ///< There are bytes after the last footer.
    index_range,      ///< Offset and size of the index do not fit the file.
    index_checksum,   ///< Both copies of the index are damaged.
    index_copy,       ///< A copy of the index, or footer A, is damaged; the other is used.
    index_schema,     ///< The index is not a sound FlatBuffers buffer.
    index_alignment,  ///< A column of 8-byte elements is not at a multiple of 8.
    index_canonical,  ///< The index is valid but not in canonical form.
    name,             ///< A name is empty, not UTF-8, or has control characters.
    name_order,       ///< entry_order is not sorted by name.
    name_duplicate,   ///< Two names of one namespace are equal, or a name is reserved.
    order,            ///< A list of numbers is not in the order, or not complete, that is required.
    reference,        ///< Columns do not fit each other: a count, or a number that refers to nothing.
    shape,            ///< Dims are left over, or a shape is too large or does not fill whole bytes.
    stride,           ///< Strides are too large, or not allowed for this layout.
    tensor_range,     ///< A tensor begins within an element or ends outside of its storage.
    storage_range,    ///< A storage would end after the beginning of the index.
    storage_gap,      ///< The index does not begin where the storages end.
    storage_size,     ///< A storage is too large, or its chunks are not as many as their columns have.
    storage_unused,   ///< A storage is not viewed by any tensor.
    chunk_size,       ///< The stored size of a chunk is 0 or above its raw size.
    chunk_checksum,   ///< Stored bytes of a chunk are damaged.
    ratio,            ///< A chunk would expand more than 32768 times.
    codec_frame,      ///< A compressed chunk is not in the form that its codec writes.
    codec_size,       ///< A compressed chunk decodes to another size than its raw size.
    codec_parameters, ///< The parameter of a storage's codec is not defined.
    content_checksum, ///< A chunk decodes to other bytes than were saved.
    padding,          ///< Bytes that must be zero are not.
    value_kind,       ///< A value has an unknown kind or subtype, a wrong size, or a number that is not minimal.
    value_tree,       ///< Children of values are missing, left over, or before their parent.
    value_key,        ///< A key is not allowed, occurs twice, or is out of order; or a dict is malformed.
    value_bytes,      ///< Bytes of values are missing or left over, or a string is not UTF-8.
    group,            ///< A param group or a state contradicts the others of its optimizer.
    foreign,          ///< A file of another format breaks the rules of that format.
    foreign_checksum, ///< A checksum in a file of another format differs.
    // limit_exceeded
    index_bytes,      ///< The index is larger than the limit.
    tables,           ///< There are more models and optimizers than the limit.
    records,          ///< There are more elements of a kind than the limit.
    rank,             ///< A tensor has more dims than the limit.
    name_bytes,       ///< A name is longer than the limit.
    total_bytes,      ///< Copies of tensors would need more memory than the limit.
    decoded_bytes,    ///< Values or parts of the file would need more memory than the limit.
    depth,            ///< Values are nested deeper than the limit.
    address_space,    ///< The file or a tensor is larger than the process can address.
    // not_found
    file,             ///< There is no file at the path.
    tensor,           ///< There is no tensor of this name.
    model,            ///< There is no model of this name.
    optimizer,        ///< There is no optimizer of this name.
    value,            ///< There is no value of this name.
    // invalid_argument
    wrong_type,       ///< A value or tensor is of another type than asked for.
    layout,           ///< Shape, strides, offset or memory of a tensor do not fit together.
    option,           ///< An option is out of its range, or two contradict each other.
    target,           ///< The path cannot be written to: it exists, or is not a regular file.
    save_name,        ///< A name or key cannot be saved.
    callback,         ///< A function that the library was given has thrown an exception.
    // io_error
    open,             ///< The file cannot be opened.
    read,             ///< Reading failed.
    write,            ///< Writing failed.
    no_space,         ///< The disk is full.
    quota,            ///< The user's quota is used up.
    file_size_limit,  ///< The file would be larger than the process or the file system allows.
    sync,             ///< The system could not put the bytes on the disk.
    close,            ///< Closing the new file failed.
    link,             ///< Keeping or creating the name of a file failed.
    rename,           ///< The new file cannot be renamed to its path.
    map,              ///< The file cannot be mapped.
    changed,          ///< The file changed while it was open.
    in_use,           ///< Another save to the same path is running.
    out_of_memory,    ///< Memory could not be allocated.
    // truncated
    empty,            ///< The file has 0 bytes.
    short_file,       ///< The file ends within the header.
    no_footer,        ///< The file has no footer: the save did not finish, or the file was cut.
    cut,              ///< The file is shorter than its footer states.
    // mismatch
    missing,          ///< The file does not have something that was asked for.
    unexpected,       ///< The file has something that was not asked for.
    other_shape,      ///< A tensor has another shape.
    other_dtype,      ///< A tensor has another dtype.
    other_content,    ///< The file has another content than the one that was asked for.
    // not_durable
    directory_sync,   ///< The system could not put the new name on the disk.
    // cancelled
    by_caller,        ///< The caller ended the call before it was done.
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
/// Strings that come from a file are escaped and shortened before they enter a message. A plain value; any
/// thread may use it.
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
