#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

namespace milepost::convert {

class InflaterPool;

/// How the bytes of an entry are stored.
enum class ZipMethod : std::uint8_t { stored, deflated };

/// One entry of a zip archive, as the central directory has it.
struct ZipEntry {
    std::string name;                      ///< bytes as they are: not a path, and not always UTF-8
    ZipMethod method = ZipMethod::stored;  ///< how it is stored
    std::uint64_t nbytes = 0;              ///< raw bytes
    std::uint64_t stored_nbytes = 0;       ///< the same as nbytes if it is stored raw
    std::uint32_t crc = 0;                 ///< CRC-32 of the raw bytes
    std::uint64_t offset = 0;              ///< of the stored bytes in the file
};

/// A zip archive that was opened to be read: its entries, and the bytes of each as a Source.
///
///     auto archive = Archive::open(source, limits);
///     const ZipEntry* version = archive->find("archive/version");
///     if (version != nullptr) read_version(*archive->source(*version));
///
/// A copy shares the file and what is kept of inflated entries. Threads: all const members from any thread.
class Archive {
public:
    /// Reads the central directory and the header of each entry. The names are unique, the stored bytes are
    /// within the file, and no two entries share any.
    ///
    /// Errors: truncated/cut if there is no central directory; corrupt/foreign if it contradicts itself, the
    /// file or the headers of the entries; unsupported/feature for encrypted entries and for other methods;
    /// limit_exceeded/records, /index_bytes (the central directory counts as an index); those of the source.
    /// Throws std::bad_alloc.
    [[nodiscard]] static Result<Archive> open(std::shared_ptr<const Source> source, const Limits& limits);

    /// All entries, in the order of the central directory.
    [[nodiscard]] const std::vector<ZipEntry>& entries() const noexcept { return entries_; }
    /// The entry of that name, or null. Valid as long as the archive.
    [[nodiscard]] const ZipEntry* find(std::string_view name) const noexcept;

    /// The raw bytes of an entry; it does not need the archive any more. A stored entry is read as a whole
    /// before its first byte is handed out, once for each source. A deflated one is inflated from the front,
    /// up to the last byte that is asked for, and checked when its last byte is. Errors of the source that is
    /// returned: corrupt/foreign_checksum; corrupt/foreign for deflated bytes that are malformed; those of
    /// the file. Requires: an entry of this archive. Throws std::bad_alloc.
    [[nodiscard]] std::shared_ptr<const Source> source(const ZipEntry& entry) const;

    /// Fills `to` with the first raw bytes of an entry, unchecked, and keeps nothing: to look at a header
    /// without a read of all that follows it. Requires: an entry of this archive with as many bytes. Errors:
    /// corrupt/foreign for deflated bytes that are malformed; those of the file. Throws std::bad_alloc.
    [[nodiscard]] Result<void> read_begin(const ZipEntry& entry, std::span<std::byte> to) const;

private:
    Archive(std::shared_ptr<const Source> file, std::vector<ZipEntry> entries);

    std::shared_ptr<const Source> file_;
    std::vector<ZipEntry> entries_;
    std::vector<std::size_t> by_name_;  ///< the numbers of the entries, sorted by their names
    std::shared_ptr<InflaterPool> pool_;
};

}  // namespace milepost::convert
