#include "support/reseal.hpp"

#include <algorithm>
#include <cstring>

#include "base/aligned_buffer.hpp"
#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "format/validate.hpp"

namespace milepost::testing {
namespace {

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

/// Whether the placement is that of a file of that size.
bool is_within(const format::IndexPlacement& placement, std::uint64_t file_size) noexcept {
    return placement.index_offset >= format::kHeaderNbytes && placement.index_offset <= file_size &&
           placement.file_size() == file_size;
}

/// What complete() writes into the footer, but for what the input keeps.
void set_placement(FileBytes& footer, const format::IndexPlacement& placement, std::uint64_t file_size) {
    constexpr std::uint64_t kKeepFileSize = 1, kKeepIndexOffset = 2;
    const auto asked = base::load_le<std::uint64_t>(&footer[format::footer_field::kHeaderChecksum]);
    const std::uint64_t kept = asked <= (kKeepFileSize | kKeepIndexOffset) ? asked : 0;
    if ((kept & kKeepFileSize) == 0) base::store_le(&footer[format::footer_field::kFileSize], file_size);
    if ((kept & kKeepIndexOffset) == 0)
        base::store_le(&footer[format::footer_field::kIndexOffset], placement.index_offset);
}

format::IndexOffsets offsets_of(const Parts& parts) {
    const std::uint64_t end = format::kHeaderNbytes + parts.storages.size();
    return format::validate(parts.columns.index(),
                            {base::align_up(end, format::kLeastAlignment), parts.header.alignment}, Limits())
        .value();
}

}  // namespace

std::uint64_t Parts::begin_of(std::size_t storage) const {
    return offsets_of(*this).storage_begin[storage];
}

std::span<std::byte> Parts::at(std::uint64_t offset, std::uint64_t nbytes) {
    return std::span(storages).subspan(static_cast<std::size_t>(offset - format::kHeaderNbytes),
                                       static_cast<std::size_t>(nbytes));
}

void Parts::reseal_chunk(std::size_t storage, std::uint64_t nbytes) {
    const std::uint32_t chunk = offsets_of(*this).storage_chunk[storage];
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
    footer.file_size = base::load_le<std::uint64_t>(bytes + format::footer_field::kFileSize);
    footer.placement.index_offset = base::load_le<std::uint64_t>(bytes + format::footer_field::kIndexOffset);
    footer.placement.index_nbytes = base::load_le<std::uint32_t>(bytes + format::footer_field::kIndexNbytes);
    return footer;
}

std::optional<Parts> take_apart(std::span<const std::byte> file) {
    const auto footer = last_footer(file);
    if (!footer || footer->placement.index_nbytes == 0 || !is_within(footer->placement, file.size())) {
        return std::nullopt;
    }
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
    put(file, format::header_field::kChecksum,
        codec::checksum128(std::span(file).first(format::header_field::kChecksum)));
}

void reseal_footer(FileBytes& file, std::uint64_t offset) {
    put(file, offset, format::kFooterMagic);
    put(file, offset + format::footer_field::kHeaderChecksum,
        std::span(file).subspan(format::header_field::kChecksum, sizeof(codec::Digest64)));
    const auto body =
        std::span(file).subspan(static_cast<std::size_t>(offset), format::footer_field::kChecksum);
    put(file, offset + format::footer_field::kChecksum, codec::checksum64(body));
}

void reseal(FileBytes& file) {
    const auto footer = last_footer(file);
    if (!footer) return;
    reseal_header(file);
    const std::size_t at = file.size() - format::kFooterNbytes;
    const format::IndexPlacement& placement = footer->placement;
    if (placement.index_nbytes == 0 || !is_within(placement, file.size())) {
        reseal_footer(file, at);
        return;
    }
    const FileBytes copy_a(file.begin() + static_cast<std::ptrdiff_t>(placement.index_offset),
                           file.begin() + static_cast<std::ptrdiff_t>(placement.footer_a()));
    put(file, placement.copy_b(), copy_a);
    put(file, at + format::footer_field::kIndexChecksum,
        codec::checksum128(std::span(copy_a).first(static_cast<std::size_t>(placement.index_nbytes))));
    reseal_footer(file, at);
    const FileBytes footer_b(file.end() - static_cast<std::ptrdiff_t>(format::kFooterNbytes), file.end());
    put(file, placement.footer_a(), footer_b);
}

FileBytes without_second_pair(std::span<const std::byte> file) {
    const format::IndexPlacement placement = last_footer(file).value().placement;
    const auto kept = file.first(static_cast<std::size_t>(placement.gap()));
    FileBytes input(kept.begin(), kept.end());
    std::fill_n(input.end() - format::kFooterNbytes + format::footer_field::kHeaderChecksum,
                sizeof(codec::Digest64), std::byte{0});
    return input;
}

FileBytes complete(std::span<const std::byte> input) {
    FileBytes file(input.begin(), input.end());
    const auto second = last_footer(file);
    if (!second) return file;
    if (is_within(second->placement, file.size())) {
        file = without_second_pair(file);
    } else {
        file.resize(file.size() / 64 * 64);
    }
    FileBytes footer(file.end() - format::kFooterNbytes, file.end());
    file.resize(file.size() - format::kFooterNbytes);
    reseal_header(file);

    format::IndexPlacement placement{
        format::kHeaderNbytes, base::load_le<std::uint32_t>(&footer[format::footer_field::kIndexNbytes])};
    std::uint64_t padded = placement.padded_nbytes();
    if (padded <= file.size() - format::kHeaderNbytes) {
        placement.index_offset = file.size() - padded;
    } else {
        padded = file.size() - format::kHeaderNbytes;  // the footer's number is wrong
    }
    const FileBytes index(file.end() - static_cast<std::ptrdiff_t>(padded), file.end());
    set_placement(footer, placement, file.size() + 2 * format::kFooterNbytes + format::kGapNbytes + padded);
    const auto hashed = std::min<std::uint64_t>(placement.index_nbytes, padded);
    put(footer, format::footer_field::kIndexChecksum,
        codec::checksum128(std::span(index).first(static_cast<std::size_t>(hashed))));

    append(file, footer);
    reseal_footer(file, file.size() - format::kFooterNbytes);
    footer.assign(file.end() - format::kFooterNbytes, file.end());
    file.resize(file.size() + format::kGapNbytes);
    append(file, index);
    append(file, footer);
    return file;
}

}  // namespace milepost::testing
