#include "golden/rows.hpp"
#include "golden/samples.hpp"

// Rules 31 to 40 of docs/format.md, section 6.5.
namespace milepost::golden {
namespace {

constexpr std::uint64_t kTwoTo62 = std::uint64_t{1} << 62U;

/// Two storages, of 24 bytes at 64 and of 100 at 128; the index at 256.
Parts two() {
    return parts_of(two_storages());
}
/// The same in the codec zstd; both chunks are stored raw.
Parts two_zstd() {
    return parts_of(two_storages(), {.codec = Codec::zstd});
}
/// A storage of 300 bytes that compresses.
Parts compressed() {
    return parts_of(small(), {.codec = Codec::zstd});
}

Parts three() {
    Checkpoint checkpoint = two_storages();
    static constexpr std::byte kByte{1};
    checkpoint.values()["c"] = TensorView(*find_dtype(Dtype::u8), {1}, StorageView({&kByte, 1}));
    return parts_of(checkpoint);
}

Parts empty_and_full() {
    Checkpoint checkpoint = two_storages();
    checkpoint.values()["a"] = TensorView();
    return parts_of(checkpoint);
}

/// A storage of exactly 1 MiB in one frame: it lies on a page.
Parts large() {
    static const std::vector<std::byte> bytes(std::size_t{1} << 20U);
    Checkpoint checkpoint;
    const auto u8 = *find_dtype(Dtype::u8);
    checkpoint.values()["large"] = TensorView(u8, {bytes.size()}, StorageView(bytes));
    return parts_of(checkpoint, {.codec = Codec::zstd});
}

/// Inserts zeros before a storage, and moves it and all behind it.
void shift(Parts& p, std::size_t storage, std::uint64_t nbytes) {
    const auto at = p.storages.begin() +
                    static_cast<std::ptrdiff_t>(p.columns.storages[storage].offset - format::kHeadNbytes);
    p.storages.insert(at, static_cast<std::size_t>(nbytes), std::byte{0});
    for (; storage < p.columns.storages.size(); ++storage)
        p.columns.storages[storage].offset += nbytes;
}

constexpr Row kRows[] = {
    {.where = "rule 31",
     .name = "codec-planes",
     .edit = [](Parts& p) { p.columns.storages[0].codec = 2; },
     .expected = "unsupported/codec",
     .about = "A storage in the codec planes, which is reserved."},
    {.where = "rule 31",
     .name = "codec-254",
     .edit = [](Parts& p) { p.columns.storages[1].codec = 254; },
     .expected = "unsupported/codec"},
    {.where = "rule 31",
     .name = "codec-automatic",
     .edit = [](Parts& p) { p.columns.storages[1].codec = 255; },
     .expected = "unsupported/codec"},

    {.where = "rule 32",
     .name = "rule32-parameter",
     .edit = [](Parts& p) { p.columns.storages[0].codec_parameter = 1; },
     .expected = "corrupt/codec_parameters",
     .about = "A raw storage with a codec parameter."},
    {.where = "rule 32",
     .name = "rule32-zstd-parameter",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.storages[1].codec_parameter = 3; },
     .expected = "corrupt/codec_parameters"},

    {.where = "rule 33",
     .name = "rule33-2-to-62",
     .edit = [](Parts& p) { p.columns.storages[0].nbytes = kTwoTo62; },
     .expected = "corrupt/storage_size",
     .about = "A storage of 2^62 bytes."},
    {.where = "rule 33",
     .name = "rule33-sum",
     .base = three,
     .edit =
         [](Parts& p) {
             for (auto& storage : p.columns.storages)
                 storage.nbytes = kTwoTo62 - 1;
         },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-sum-wraps",
     .base = three,
     .edit =
         [](Parts& p) {
             for (auto& storage : p.columns.storages)
                 storage.nbytes = UINT64_MAX;
         },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-chunks-claimed",
     .edit = [](Parts& p) { p.columns.storages[0].nbytes = std::uint64_t{1} << 61U; },
     .expected = "corrupt/storage_size",
     .about = "A storage of 2^61 bytes, 2^41 chunks, with one checksum."},
    {.where = "rule 33",
     .name = "rule33-stored-checksums",
     .edit = [](Parts& p) { p.columns.stored_checksums.emplace_back(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-stored-nbytes",
     .edit = [](Parts& p) { p.columns.stored_nbytes.push_back(24); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-stored-nbytes-missing",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.stored_nbytes.pop_back(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-raw-checksums",
     .edit = [](Parts& p) { p.columns.raw_checksums.emplace_back(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-raw-checksums-missing",
     .base = compressed,
     .edit = [](Parts& p) { p.columns.raw_checksums.clear(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-empty-with-offset",
     .base = empty_and_full,
     .edit = [](Parts& p) { p.columns.storages[0].offset = 64; },
     .expected = "corrupt/storage_size",
     .about = "An empty storage that has an offset."},

    {.where = "rule 34",
     .name = "rule34-zero",
     .base = two_zstd,
     .edit =
         [](Parts& p) {
             p.columns.stored_nbytes[0] = 0;
             p.columns.raw_checksums.emplace_back();
         },
     .expected = "corrupt/chunk_size",
     .about = "A chunk of no stored bytes."},
    {.where = "rule 34",
     .name = "rule34-larger-than-raw",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.stored_nbytes[0] = 25; },
     .expected = "corrupt/chunk_size"},

    {.where = "rule 35",
     .name = "rule35-ratio",
     .base = large,
     .edit = [](Parts& p) { p.columns.stored_nbytes[0] = 27; },
     .expected = "corrupt/ratio",
     .about = "27 bytes that would stand for 1 MiB, more than zstd can do."},

    {.where = "rule 36",
     .name = "rule36-unused",
     .edit =
         [](Parts& p) {
             p.columns.tensors[2].storage = 0;
             p.columns.dims.back() = 24;
         },
     .expected = "corrupt/storage_unused",
     .about = "A storage that no tensor views."},

    {.where = "rule 37",
     .name = "rule37-into-the-index",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[1].offset = 192; },
     .expected = "corrupt/storage_range",
     .about = "A storage that ends behind the beginning of the index."},
    {.where = "rule 37",
     .name = "rule37-past-the-file",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[1].offset = kTwoTo62; },
     .expected = "corrupt/storage_range"},
    {.where = "rule 37",
     .name = "rule37-wraps",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[1].offset = UINT64_MAX - 63; },
     .expected = "corrupt/storage_range",
     .about = "A storage at 2^64 - 64: with its size it wraps to the beginning of the file."},

    {.where = "rule 38",
     .name = "rule38-unaligned",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[1].offset = 120; },
     .expected = "corrupt/storage_alignment",
     .about = "A storage at 120."},
    {.where = "rule 38",
     .name = "rule38-by-the-head",
     .base = [] { return parts_of(two_storages(), {.alignment = 256}); },
     .edit = [](Parts& p) { p.columns.storages[0].offset = 128; },
     .expected = "corrupt/storage_alignment"},
    {.where = "rule 38",
     .name = "rule38-off-its-page",
     .base = large,
     .edit =
         [](Parts& p) {
             const auto chunk = p.at(4096, p.columns.stored_nbytes[0]);
             const FileBytes moved(chunk.begin(), chunk.end());
             p.storages = moved;
             p.columns.storages[0].offset = 64;
         },
     .expected = "corrupt/storage_alignment",
     .about = "A storage of 1 MiB that lies at 64 and not on a page."},

    {.where = "rule 39",
     .name = "rule39-same-place",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[1].offset = 64; },
     .expected = "corrupt/storage_overlap",
     .about = "Two storages at one place."},
    {.where = "rule 39",
     .name = "rule39-in-the-head",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[0].offset = 0; },
     .expected = "corrupt/storage_overlap"},
    {.where = "rule 39",
     .name = "rule39-by-one-byte",
     .base = two,
     .edit = [](Parts& p) { p.columns.storages[0].nbytes = 65; },
     .expected = "corrupt/storage_overlap"},
    {.where = "rule 39",
     .name = "rule39-out-of-order",
     .base = two,
     .edit =
         [](Parts& p) {
             p.columns.storages[0].offset = 128;
             p.columns.storages[1].offset = 64;
         },
     .expected = "corrupt/storage_overlap"},

    {.where = "rule 40",
     .name = "rule40-between",
     .base = two,
     .edit = [](Parts& p) { shift(p, 1, 64); },
     .expected = "corrupt/storage_gap",
     .about = "64 bytes of room between two storages."},
    {.where = "rule 40",
     .name = "rule40-before-the-first",
     .base = two,
     .edit = [](Parts& p) { shift(p, 0, 64); },
     .expected = "corrupt/storage_gap"},
    {.where = "rule 40",
     .name = "rule40-before-the-index",
     .base = two,
     .edit = [](Parts& p) { p.storages.resize(p.storages.size() + 64); },
     .expected = "corrupt/storage_gap",
     .about = "64 bytes of room between the last storage and the index."},
    {.where = "rule 40",
     .name = "rule40-nothing-but-room",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.storages.resize(64); },
     .expected = "corrupt/storage_gap"},
};

}  // namespace

std::span<const Row> storage_rows() {
    return kRows;
}

}  // namespace milepost::golden
