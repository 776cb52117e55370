#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "format/file_layout.hpp"
#include "support/columns.hpp"
#include "support/memory.hpp"

/// Files whose checksums are right whatever they contain: a wrong field must be found by a rule, not by a
/// checksum.
namespace milepost::testing {

/// A file taken apart. `storages` are the bytes between the header and copy A of the index.
struct Parts {
    format::Header header;
    FileBytes storages;
    Columns columns;

    /// Where a storage begins in the file. Requires: no rule of section 6.5 is broken.
    [[nodiscard]] std::uint64_t begin_of(std::size_t storage) const;
    /// The bytes [offset, offset + nbytes) of the file, which are in `storages`.
    [[nodiscard]] std::span<std::byte> at(std::uint64_t offset, std::uint64_t nbytes);
    /// Makes the stored checksum of a storage's only chunk right again, of which `nbytes` are stored.
    /// Requires: as begin_of.
    void reseal_chunk(std::size_t storage, std::uint64_t nbytes);
};

/// Header, storages, and index bytes twice with their footers: a whole file, all checksums right. `storages`
/// is filled up to a multiple of 64.
[[nodiscard]] FileBytes build(const format::Header& header, std::span<const std::byte> storages,
                              std::span<const std::byte> index);
/// The same, the index encoded first (in canonical form).
[[nodiscard]] FileBytes build(const format::Header& header, std::span<const std::byte> storages,
                              const format::Index& index);
[[nodiscard]] FileBytes build(const Parts& parts);

/// Nothing if the file does not open far enough. No rule of section 6.5 is asked for.
[[nodiscard]] std::optional<Parts> take_apart(std::span<const std::byte> file);

/// The footer at the end of the file, as stored, without a check of its checksum; nothing if the file is
/// shorter than header and footer.
[[nodiscard]] std::optional<format::Footer> last_footer(std::span<const std::byte> file);

/// Makes arbitrary bytes as right as checksums can make them: header (magic, checksum), last footer (magic,
/// header_checksum, checksum) and, where the footer's numbers are within the file, index_checksum from copy
/// A, copy B and footer A made equal to their twins. The other bytes stay. Leaves a file alone that is
/// shorter than header and footer.
void reseal(FileBytes& file);

/// Header or footer alone, at `offset`.
void reseal_header(FileBytes& file);
void reseal_footer(FileBytes& file, std::uint64_t offset);

/// The file that a fuzz target makes of its input: its magics, its checksums and its second pair of index and
/// footer are right whatever the input, so that the rules of the format decide and not the checksums in front
/// of them.
///
/// The input is a checkpoint, or only its first part, `header | storages | index copy A | footer A`: the rest
/// is made from it. Of the footer these count: index_nbytes, unless it is more than there is; the reserved
/// bytes; file_size and index_offset if header_checksum is the number 1, 2 (each one), or 3 (both).
/// Chunks' checksums stay as they are. An input shorter than header and footer is returned as it is.
[[nodiscard]] FileBytes complete(std::span<const std::byte> input);

/// The input of which complete() makes this checkpoint. Requires: a checkpoint that opens.
[[nodiscard]] FileBytes without_second_pair(std::span<const std::byte> file);

}  // namespace milepost::testing
