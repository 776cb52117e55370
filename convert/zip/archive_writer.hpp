#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

/// Writes a zip archive of stored entries to a Sink, in one forward pass, in the form that PyTorch writes:
/// the data of each entry begins at a multiple of 64, and its CRC follows it in a data descriptor. The same
/// entries give the same bytes; all have one date.
///
///     ArchiveWriter archive(*sink);
///     MILEPOST_TRY(archive.begin("archive/version", 2));
///     MILEPOST_TRY(archive.write(version));            // as often as needed
///     MILEPOST_TRY(archive.end());
///     MILEPOST_TRY(archive.finish());
///     return sink->commit();
///
/// Memory does not grow with the entries, but for their names. Errors of all functions: those of the sink.
/// After one, nothing more may be called. All throw std::bad_alloc.
class ArchiveWriter {
public:
    /// Borrows the sink, of which this archive is the whole content.
    explicit ArchiveWriter(Sink& sink) noexcept : sink_(sink) {}

    /// Begins an entry of `nbytes` bytes. Requires: no entry is open; the names of all entries are unique,
    /// not empty and UTF-8. Errors: invalid_argument/save_name for a name of more than 65,535 bytes.
    [[nodiscard]] Result<void> begin(std::string_view name, std::uint64_t nbytes);
    /// The next bytes of the entry. Requires: an entry is open, and has this many left.
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);
    /// Ends the entry. Requires: all its bytes were written.
    [[nodiscard]] Result<void> end();
    /// Writes the central directory. Requires: no entry is open. Does not commit the sink.
    [[nodiscard]] Result<void> finish();

private:
    struct Written {
        std::string name;
        std::uint64_t nbytes;
        std::uint64_t offset;  ///< of the local header
        std::uint32_t crc;
    };

    [[nodiscard]] Result<void> put(std::span<const std::byte> bytes);
    [[nodiscard]] Result<void> put_end(std::uint64_t directory_offset);

    Sink& sink_;
    std::uint64_t position_ = 0;
    std::vector<Written> entries_;
};

}  // namespace milepost::convert
