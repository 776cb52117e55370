#include "convert/zip/archive_directory.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <minizip/ioapi.h>
#include <minizip/unzip.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/zip/archive.hpp"
#include "convert/zip/archive_end.hpp"
#include "convert/zip/entry_header.hpp"
#include "convert/zip/headers.hpp"
#include "convert/zip/source_stream.hpp"

namespace milepost::convert {
namespace {

using base::load_le;
using base::message;

constexpr std::uint32_t kCentralSignature = 0x02014b50;

/// The bytes from an entry's local header to the end of its data.
struct Extent {
    std::uint64_t begin;
    std::uint64_t end;
    std::size_t entry;
};

class DirectoryReader {
public:
    DirectoryReader(const Source& source, std::uint64_t size, const Limits& limits)
        : stream_(source, size), size_(size), limits_(limits) {}

    Result<std::vector<ZipEntry>> read() {
        MILEPOST_TRY_ASSIGN(const std::uint64_t count, open());
        MILEPOST_TRY(check_count(count));
        for (std::uint64_t i = 0; i < count; ++i) {
            const int status = i == 0 ? unzGoToFirstFile(zip_.get()) : unzGoToNextFile(zip_.get());
            if (status != UNZ_OK) return malformed();
            MILEPOST_TRY(add_entry());
        }
        MILEPOST_TRY(check_archive_end(stream_, size_, directory_end_));
        MILEPOST_TRY(check_extents());
        return std::move(entries_);
    }

private:
    /// What minizip found malformed, unless the source failed.
    [[nodiscard]] Error failed(std::string text) const {
        return stream_.error() ? *stream_.error() : foreign(std::move(text));
    }

    [[nodiscard]] Error malformed() const {
        return failed(message("central directory entry ", entries_.size(), " is malformed"));
    }

    /// The number of entries.
    Result<std::uint64_t> open() {
        MILEPOST_TRY_ASSIGN(const bool empty, is_empty_archive(stream_, size_));
        if (empty) return std::uint64_t{0};
        zlib_filefunc64_def functions = SourceStream::functions();
        zip_.reset(unzOpen2_64(&stream_, &functions));
        if (zip_ == nullptr) return why_not_opened(stream_, size_);
        unz_global_info64 info;
        if (unzGetGlobalInfo64(zip_.get(), &info) != UNZ_OK) return failed("zip archive: no end record");
        return std::uint64_t{info.number_entry};
    }

    Result<void> check_count(std::uint64_t count) const {
        if (count > limits_.max_records)
            return Error(Condition::records,
                         message("zip archive: ", count, " entries, the limit is ", limits_.max_records));
        if (count > size_ / kCentralHeaderNbytes)
            return foreign(message("zip archive of ", size_, " bytes: it cannot have ", count, " entries"));
        return {};
    }

    Result<void> add_entry() {
        unz_file_info64 info;
        if (unzGetCurrentFileInfo64(zip_.get(), &info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK)
            return malformed();
        MILEPOST_TRY_ASSIGN(const auto fixed, fixed_part(info));
        std::string name(info.size_filename, '\0');
        std::vector<std::byte> extra(info.size_file_extra);
        if (unzGetCurrentFileInfo64(zip_.get(), nullptr, name.data(), info.size_filename, extra.data(),
                                    info.size_file_extra, nullptr, 0) != UNZ_OK)
            return malformed();
        MILEPOST_TRY_ASSIGN(const CentralHeader header, decode_central_header(fixed, extra));
        MILEPOST_TRY_ASSIGN(ZipEntry entry, make_entry(std::move(name), header));
        MILEPOST_TRY_ASSIGN(entry.offset, find_data(stream_, size_, header, entry));
        extents_.push_back({header.local_offset, entry.offset + entry.stored_nbytes, entries_.size()});
        entries_.push_back(std::move(entry));
        return {};
    }

    /// The current header in the central directory. minizip also finds archives that come after other bytes,
    /// and counts offsets from there: in such a file other readers find other entries.
    Result<std::array<std::byte, kCentralHeaderNbytes>> fixed_part(const unz_file_info64& info) {
        const std::uint64_t at = unzGetOffset64(zip_.get());
        std::array<std::byte, kCentralHeaderNbytes> fixed = {};
        if (base::range_within(at, kCentralHeaderNbytes, size_)) MILEPOST_TRY(stream_.read(at, fixed));
        if (load_le<std::uint32_t>(fixed.data()) != kCentralSignature ||
            load_le<std::uint16_t>(&fixed[28]) != info.size_filename ||
            load_le<std::uint16_t>(&fixed[30]) != info.size_file_extra)
            return foreign(message("zip archive: its central directory is not at ", at,
                                   ", as it states; other bytes come before the archive"));
        if (entries_.empty()) directory_begin_ = at;
        directory_end_ =
            at + kCentralHeaderNbytes + info.size_filename + info.size_file_extra + info.size_file_comment;
        if (directory_end_ - directory_begin_ > limits_.max_index_bytes)
            return Error(Condition::index_bytes, message("zip archive: the central directory is larger than ",
                                                         limits_.max_index_bytes, " bytes"));
        return fixed;
    }

    /// No entry is in another one or in the central directory, and nothing comes before the first one:
    /// offsets would then be counted from elsewhere.
    Result<void> check_extents() {
        std::sort(extents_.begin(), extents_.end(), [](const Extent& a, const Extent& b) {
            return a.begin != b.begin ? a.begin < b.begin : a.entry < b.entry;
        });
        std::uint64_t end = 0;
        for (const Extent& extent : extents_) {
            const std::string shown = escape(entries_[extent.entry].name, 120);
            if (&extent == &extents_.front() && extent.begin != 0)
                return foreign(message("zip archive: ", extent.begin, " bytes before the first entry"));
            if (extent.begin < end)
                return foreign(message("zip entry ", shown, " at ", extent.begin,
                                       " begins before the end of another entry at ", end));
            end = extent.end;
        }
        if (!extents_.empty() && end > directory_begin_)
            return foreign(message("zip archive: an entry ends at ", end,
                                   ", within the central directory at ", directory_begin_));
        return {};
    }

    struct Close {
        void operator()(void* zip) const noexcept { unzClose(zip); }
    };

    SourceStream stream_;
    std::unique_ptr<void, Close> zip_;
    std::uint64_t size_;
    const Limits& limits_;
    std::uint64_t directory_begin_ = 0;
    std::uint64_t directory_end_ = 0;
    std::vector<ZipEntry> entries_;
    std::vector<Extent> extents_;
};

}  // namespace

Result<std::vector<ZipEntry>> read_directory(const Source& source, std::uint64_t size, const Limits& limits) {
    return DirectoryReader(source, size, limits).read();
}

}  // namespace milepost::convert
