#include "convert/zip/archive.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/zip/archive_directory.hpp"
#include "convert/zip/entry_source.hpp"
#include "convert/zip/inflater.hpp"

namespace milepost::convert {

Archive::Archive(std::shared_ptr<const Source> file, std::vector<ZipEntry> entries)
    : file_(std::move(file)),
      entries_(std::move(entries)),
      by_name_(entries_.size()),
      pool_(std::make_shared<InflaterPool>()) {
    std::iota(by_name_.begin(), by_name_.end(), std::size_t{0});
    std::sort(by_name_.begin(), by_name_.end(),
              [&](std::size_t a, std::size_t b) { return entries_[a].name < entries_[b].name; });
}

Result<Archive> Archive::open(std::shared_ptr<const Source> source, const Limits& limits) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t size, source->size());
    MILEPOST_TRY_ASSIGN(auto entries, read_directory(*source, size, limits));
    Archive archive(std::move(source), std::move(entries));
    const auto twice = std::adjacent_find(
        archive.by_name_.begin(), archive.by_name_.end(),
        [&](std::size_t a, std::size_t b) { return archive.entries_[a].name == archive.entries_[b].name; });
    if (twice != archive.by_name_.end())
        return Error(Condition::foreign, base::message("zip archive: two entries have the name ",
                                                       escape(archive.entries_[*twice].name, 120)));
    return archive;
}

const ZipEntry* Archive::find(std::string_view name) const noexcept {
    const auto found =
        std::lower_bound(by_name_.begin(), by_name_.end(), name,
                         [&](std::size_t a, std::string_view wanted) { return entries_[a].name < wanted; });
    if (found == by_name_.end() || entries_[*found].name != name) return nullptr;
    return &entries_[*found];
}

std::shared_ptr<const Source> Archive::source(const ZipEntry& entry) const {
    if (entry.method == ZipMethod::stored) return std::make_shared<StoredEntry>(file_, entry);
    return std::make_shared<DeflatedEntry>(file_, entry, pool_);
}

Result<void> Archive::read_begin(const ZipEntry& entry, std::span<std::byte> to) const {
    if (entry.method == ZipMethod::stored) return file_->read(entry.offset, to);
    return Inflater(*file_, entry).read(0, to);
}

}  // namespace milepost::convert
