#include "golden/reseal.hpp"

#include <algorithm>
#include <cstring>

#include "base/aligned_buffer.hpp"
#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "format/validate.hpp"

namespace milepost::golden {
namespace {

// Of the footer, docs/format.md, section 5.
constexpr std::size_t kFileSize = 8, kIndexOffset = 16, kIndexNbytes = 24, kIndexChecksum = 32,
                      kHeadChecksum = 48, kChecksum = 56;
// Of the header, section 3.
constexpr std::size_t kHeadOwnChecksum = 48;

void append(FileBytes& file, std::span<const std::byte> bytes) {
    file.insert(file.end(), bytes.begin(), bytes.end());
}

void pad_to(FileBytes& file, std::uint64_t offset) {
    file.resize(static_cast<std::size_t>(offset));
}

template <class Bytes>
void put(FileBytes& file, std::uint64_t offset, const Bytes& bytes) {
    std::copy(std::begin(bytes), std::end(bytes), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// Whether both index copies and footers lie where the placement says, within a file of that size.
bool lies_within(const format::IndexPlacement& placement, std::uint64_t file_size) noexcept {
    return placement.index_offset >= format::kHeaderNbytes && placement.index_offset <= file_size &&
           placement.index_nbytes != 0 && placement.file_size() == file_size;
}

format::IndexOffsets outline_of(const Parts& parts) {
    const std::uint64_t end = format::kHeaderNbytes + parts.storages.size();
    return format::validate(parts.columns.index(),
                            {base::align_up(end, format::kLeastAlignment), parts.header.alignment}, Limits())
        .value();
}

}  // namespace

std::uint64_t Parts::begin_of(std::size_t storage) const {
    return outline_of(*this).storage_begin[storage];
}

std::span<std::byte> Parts::at(std::uint64_t offset, std::uint64_t nbytes) {
    return std::span(storages).subspan(static_cast<std::size_t>(offset - format::kHeaderNbytes),
                                       static_cast<std::size_t>(nbytes));
}

void Parts::reseal_chunk(std::size_t storage, std::uint64_t nbytes) {
    const std::uint32_t chunk = outline_of(*this).storage_chunk[storage];
    columns.stored_checksums[chunk] = codec::checksum128(at(begin_of(storage), nbytes));
}

FileBytes build(const format::Header& header, std::span<const std::byte> storages,
                std::span<const std::byte> index) {
    FileBytes file;
    const format::HeaderBytes header_bytes = header.encode();
    append(file, header_bytes);
    append(file, storages);
    const format::IndexPlacement placement{base::align_up(file.size(), format::kLeastAlignment),
                                           index.size()};
    format::Footer footer;
    footer.file_size = placement.file_size();
    footer.placement = placement;
    footer.index_checksum = codec::checksum128(index);
    footer.header_checksum = format::header_tag(header_bytes);
    for (const std::uint64_t copy : {placement.index_offset, placement.copy_b()}) {
        pad_to(file, copy);
        append(file, index);
        pad_to(file, copy + placement.padded_nbytes());
        append(file, footer.encode());
    }
    return file;
}

FileBytes build(const format::Header& header, std::span<const std::byte> storages,
                const format::Index& index) {
    const auto encoded = index.encode({});
    return encoded ? build(header, storages, *encoded) : FileBytes();
}

FileBytes build(const Parts& parts) {
    return build(parts.header, parts.storages, parts.columns.index());
}

std::optional<format::Footer> last_footer(std::span<const std::byte> file) {
    if (file.size() < format::kHeaderNbytes + format::kFooterNbytes) return std::nullopt;
    const std::byte* bytes = file.data() + file.size() - format::kFooterNbytes;
    format::Footer footer;
    footer.file_size = base::load_le<std::uint64_t>(bytes + kFileSize);
    footer.placement.index_offset = base::load_le<std::uint64_t>(bytes + kIndexOffset);
    footer.placement.index_nbytes = base::load_le<std::uint32_t>(bytes + kIndexNbytes);
    return footer;
}

std::optional<Parts> take_apart(std::span<const std::byte> file) {
    const auto footer = last_footer(file);
    if (!footer || !lies_within(footer->placement, file.size())) return std::nullopt;
    format::HeaderBytes header_bytes;
    std::memcpy(header_bytes.data(), file.data(), header_bytes.size());
    const auto header = format::Header::decode(header_bytes);
    const auto at = static_cast<std::size_t>(footer->placement.index_offset);
    base::AlignedBuffer buffer(static_cast<std::size_t>(footer->placement.index_nbytes));
    std::memcpy(buffer.bytes().data(), file.data() + at, buffer.bytes().size());
    const auto index = format::Index::decode(buffer.bytes());
    if (!header || !index) return std::nullopt;
    const auto storages = file.subspan(format::kHeaderNbytes, at - format::kHeaderNbytes);
    return Parts{*header, {storages.begin(), storages.end()}, Columns(*index)};
}

void reseal_header(FileBytes& file) {
    put(file, 0, format::kHeaderMagic);
    put(file, kHeadOwnChecksum, codec::checksum128(std::span(file).first(kHeadOwnChecksum)));
}

void reseal_footer(FileBytes& file, std::uint64_t offset) {
    put(file, offset, format::kFooterMagic);
    put(file, offset + kHeadChecksum, std::span(file).subspan(kHeadOwnChecksum, sizeof(codec::Digest64)));
    const auto body = std::span(file).subspan(static_cast<std::size_t>(offset), kChecksum);
    put(file, offset + kChecksum, codec::checksum64(body));
}

void reseal(FileBytes& file) {
    const auto footer = last_footer(file);
    if (!footer) return;
    reseal_header(file);
    const std::size_t at = file.size() - format::kFooterNbytes;
    const format::IndexPlacement& placement = footer->placement;
    if (!lies_within(placement, file.size())) {
        reseal_footer(file, at);
        return;
    }
    const FileBytes copy_a(file.begin() + static_cast<std::ptrdiff_t>(placement.index_offset),
                           file.begin() + static_cast<std::ptrdiff_t>(placement.footer_a()));
    put(file, placement.copy_b(), copy_a);
    put(file, at + kIndexChecksum,
        codec::checksum128(std::span(copy_a).first(static_cast<std::size_t>(placement.index_nbytes))));
    reseal_footer(file, at);
    const FileBytes footer_b(file.end() - static_cast<std::ptrdiff_t>(format::kFooterNbytes), file.end());
    put(file, placement.footer_a(), footer_b);
}

}  // namespace milepost::golden
