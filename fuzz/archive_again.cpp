#include "archive_again.hpp"

#include <cstdint>
#include <memory>

#include <milepost/options.hpp>

#include "assertions.hpp"
#include "convert/zip/archive.hpp"
#include "convert/zip/archive_writer.hpp"

namespace milepost::fuzz {
namespace {

/// Of all entries: a small deflated entry can be large.
constexpr std::uint64_t kMostNbytes = std::uint64_t{1} << 20U;

}  // namespace

std::optional<std::vector<std::byte>> archive_again(std::span<const std::byte> bytes) {
    const auto archive = convert::Archive::open(std::make_shared<MemorySource>(bytes), default_limits());
    if (!archive) return std::nullopt;
    MemorySink sink;
    convert::ArchiveWriter writer(sink);
    std::uint64_t left = kMostNbytes;
    for (const convert::ZipEntry& entry : archive->entries()) {
        if (entry.nbytes > left) return std::nullopt;
        left -= entry.nbytes;
        std::vector<std::byte> content(static_cast<std::size_t>(entry.nbytes));
        if (!archive->read_begin(entry, content)) return std::nullopt;  // what it deflates to is malformed
        require(writer.begin(entry.name, entry.nbytes) && writer.write(content) && writer.end(),
                "an archive can be written again");
    }
    require(writer.finish().has_value(), "an archive can be written again");
    return sink.bytes();
}

}  // namespace milepost::fuzz
