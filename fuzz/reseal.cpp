#include "reseal.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "codec/checksum.hpp"
#include "format/file_layout.hpp"

namespace milepost::fuzz {
namespace {

using base::load_le;
using base::store_le;
using format::IndexPlacement;
using format::kFooterNbytes;
using format::kHeaderNbytes;

// docs/format.md, sections 3 and 5.
constexpr std::size_t kHeadChecksum = 48;
constexpr std::size_t kFileSize = 8, kIndexOffset = 16, kIndexNbytes = 24, kIndexChecksum = 32, kHeadTag = 48,
                      kFooterChecksum = 56;
constexpr std::uint64_t kKeepFileSize = 1, kKeepIndexOffset = 2;

void seal_header(std::span<std::byte> header) {
    std::copy(format::kHeaderMagic.begin(), format::kHeaderMagic.end(), header.begin());
    const codec::Digest checksum = codec::checksum128(header.first(kHeadChecksum));
    std::copy(checksum.begin(), checksum.end(), header.begin() + kHeadChecksum);
}

/// Whether the last bytes are the second footer of a whole file.
bool is_whole(std::span<const std::byte> input) {
    const std::byte* footer = &input[input.size() - kFooterNbytes];
    const IndexPlacement placement{load_le<std::uint64_t>(footer + kIndexOffset),
                                   load_le<std::uint32_t>(footer + kIndexNbytes)};
    return placement.index_offset >= kHeaderNbytes && placement.index_offset <= input.size() &&
           placement.file_size() == input.size();
}

void append(std::vector<std::byte>& file, std::span<const std::byte> bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
}

}  // namespace

std::vector<std::byte> without_second_pair(std::span<const std::byte> file) {
    const std::byte* footer = &file[file.size() - kFooterNbytes];
    const IndexPlacement placement{load_le<std::uint64_t>(footer + kIndexOffset),
                                   load_le<std::uint32_t>(footer + kIndexNbytes)};
    const auto kept = file.first(static_cast<std::size_t>(placement.gap()));
    std::vector<std::byte> input(kept.begin(), kept.end());
    std::fill_n(input.end() - kFooterNbytes + kHeadTag, 8, std::byte{0});
    return input;
}

std::vector<std::byte> reseal(std::span<const std::byte> input) {
    std::vector<std::byte> file(input.begin(), input.end());
    if (file.size() < kHeaderNbytes + kFooterNbytes) return file;
    if (is_whole(file)) {
        file = without_second_pair(file);
    } else {
        file.resize(file.size() / 64 * 64);
    }
    format::FooterBytes footer;
    std::copy(file.end() - kFooterNbytes, file.end(), footer.begin());
    file.resize(file.size() - kFooterNbytes);
    seal_header(std::span(file).first(kHeaderNbytes));

    IndexPlacement placement{kHeaderNbytes, load_le<std::uint32_t>(&footer[kIndexNbytes])};
    std::uint64_t padded = placement.padded_nbytes();
    if (padded <= file.size() - kHeaderNbytes) {
        placement.index_offset = file.size() - padded;
    } else {
        padded = file.size() - kHeaderNbytes;  // the footer lies about it
    }
    const auto begin = file.end() - static_cast<std::ptrdiff_t>(padded);
    const std::vector<std::byte> index(begin, file.end());

    std::copy(format::kFooterMagic.begin(), format::kFooterMagic.end(), footer.begin());
    const auto kept = load_le<std::uint64_t>(&footer[kHeadTag]);
    const bool any_kept = kept <= (kKeepFileSize | kKeepIndexOffset);
    if (!any_kept || (kept & kKeepFileSize) == 0)
        store_le(&footer[kFileSize],
                 std::uint64_t{file.size() + 2 * kFooterNbytes + format::kGapNbytes + index.size()});
    if (!any_kept || (kept & kKeepIndexOffset) == 0) store_le(&footer[kIndexOffset], placement.index_offset);
    const auto hashed = std::min<std::uint64_t>(placement.index_nbytes, index.size());
    const codec::Digest checksum =
        codec::checksum128(std::span(index).first(static_cast<std::size_t>(hashed)));
    std::copy(checksum.begin(), checksum.end(), footer.begin() + kIndexChecksum);
    std::memcpy(&footer[kHeadTag], &file[kHeadChecksum], 8);
    const codec::Digest64 sum = codec::checksum64(std::span(footer).first(kFooterChecksum));
    std::copy(sum.begin(), sum.end(), footer.begin() + kFooterChecksum);

    append(file, footer);
    file.resize(file.size() + format::kGapNbytes);
    append(file, index);
    append(file, footer);
    return file;
}

}  // namespace milepost::fuzz
