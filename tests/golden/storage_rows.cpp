#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 31 to 38 of docs/format.md, section 6.5.
namespace milepost::golden {
namespace {

constexpr std::uint64_t kTwoTo62 = std::uint64_t{1} << 62U;

/// Two storages, of 24 bytes at 64 and of 100 at 128; the index at 256.
Parts parts_of_two() {
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

Parts empty_last() {
    Checkpoint checkpoint = two_storages();
    checkpoint.values()["c"] = TensorView();
    return parts_of(checkpoint);
}

/// A storage of exactly 1 MiB in one frame: it begins at a page.
Parts large() {
    static const std::vector<std::byte> bytes(std::size_t{1} << 20U);
    Checkpoint checkpoint;
    const auto u8 = *find_dtype(Dtype::u8);
    checkpoint.values()["large"] = TensorView(u8, {bytes.size()}, StorageView(bytes));
    return parts_of(checkpoint, {.codec = Codec::zstd});
}

constexpr Row kStorageRows[] = {
    {.where = "rule 31",
     .name = "codec-3",
     .edit =
         [](Parts& p) {
             p.columns.storage_codecs = {{3, 0}, {0, 0}};
         },
     .expected = "unsupported/codec",
     .about = "A storage in a codec that does not exist."},
    {.where = "rule 31",
     .name = "codec-254",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.storage_codecs[1].code = 254; },
     .expected = "unsupported/codec"},
    {.where = "rule 31",
     .name = "codec-automatic",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.storage_codecs[1].code = 255; },
     .expected = "unsupported/codec"},

    {.where = "rule 32",
     .name = "rule32-parameter",
     .edit =
         [](Parts& p) {
             p.columns.storage_codecs = {{0, 1}, {0, 0}};
         },
     .expected = "corrupt/codec_parameters",
     .about = "A raw storage with a codec parameter."},
    {.where = "rule 32",
     .name = "rule32-zstd-parameter",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.storage_codecs[1].parameter = 3; },
     .expected = "corrupt/codec_parameters"},
    {.where = "rule 32",
     .name = "rule32-planes-0",
     .base = two_zstd,
     .edit =
         [](Parts& p) {
             p.columns.storage_codecs[1] = {2, 0};
         },
     .expected = "corrupt/codec_parameters"},
    {.where = "rule 32",
     .name = "rule32-planes-6",
     .base = two_zstd,
     .edit =
         [](Parts& p) {
             p.columns.storage_codecs[1] = {2, 6};
         },
     .expected = "corrupt/codec_parameters"},

    {.where = "rule 33",
     .name = "rule33-2-to-62",
     .edit = [](Parts& p) { p.columns.storage_nbytes[0] = kTwoTo62; },
     .expected = "corrupt/storage_size",
     .about = "A storage of 2^62 bytes."},
    {.where = "rule 33",
     .name = "rule33-sum",
     .base = three,
     .edit = [](Parts& p) { p.columns.storage_nbytes.assign(3, kTwoTo62 - 1); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-sum-wraps",
     .base = three,
     .edit = [](Parts& p) { p.columns.storage_nbytes.assign(3, UINT64_MAX); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-chunks-claimed",
     .edit = [](Parts& p) { p.columns.storage_nbytes[0] = std::uint64_t{1} << 61U; },
     .expected = "corrupt/storage_size",
     .about = "A storage of 2^61 bytes, 2^41 chunks, with one checksum."},
    // Its end wraps too, to the byte before its first: the index is where it would be after it.
    {.where = "rule 33",
     .name = "rule33-chunks-wrap",
     .base = [] { return tensor_parts(Dtype::f32, {6}); },
     .edit =
         [](Parts& p) {
             p.columns.storage_nbytes = {UINT64_MAX};
             p.columns.stored_checksums.clear();
             p.storages.assign(4096 - format::kHeaderNbytes, std::byte{0});
         },
     .expected = "corrupt/storage_size",
     .about = "A storage of 2^64 - 1 bytes: rounded up to whole chunks they wrap, to none."},
    {.where = "rule 33",
     .name = "rule33-stored-checksums",
     .edit = [](Parts& p) { p.columns.stored_checksums.emplace_back(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-stored-checksums-missing",
     .edit = [](Parts& p) { p.columns.stored_checksums.pop_back(); },
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
     .name = "rule33-raw-checksums-of-raw-chunks",
     .base = two_zstd,
     .edit = [](Parts& p) { p.columns.raw_checksums.emplace_back(); },
     .expected = "corrupt/storage_size"},
    {.where = "rule 33",
     .name = "rule33-raw-checksums-missing",
     .base = compressed,
     .edit = [](Parts& p) { p.columns.raw_checksums.clear(); },
     .expected = "corrupt/storage_size"},
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
     .about = "27 bytes that would expand to 1 MiB, more than zstd can do."},

    {.where = "rule 36",
     .name = "rule36-unused",
     .edit =
         [](Parts& p) {
             p.columns.tensor_storages[2] = 0;
             p.columns.dims.back() = 24;
         },
     .expected = "corrupt/storage_unused",
     .about = "A storage that no tensor views."},
    {.where = "rule 36",
     .name = "rule36-first-unused",
     .base = [] { return parts_of(tied()); },
     .edit =
         [](Parts& p) {
             p.columns.storage_nbytes.insert(p.columns.storage_nbytes.begin(), 0);
             p.columns.tensor_storages = {1, 1, 1};
         },
     .expected = "corrupt/storage_unused"},
    // tensor_storages is empty, and yet no tensor i views storage i.
    {.where = "rule 36",
     .name = "rule36-no-tensors",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.columns.storage_nbytes.push_back(0); },
     .expected = "corrupt/storage_unused",
     .about = "A storage in a file without tensors."},

    // Derived sizes: those of the tensors.
    {.where = "rule 33",
     .name = "rule33-derived",
     .base = parts_of_two,
     .edit = [](Parts& p) { p.columns.dims[0] = std::uint64_t{1} << 41U; },
     .expected = "corrupt/storage_size",
     .about =
         "A tensor of 2^41 elements is its storage's size: that is more chunks than there are checksums."},

    {.where = "rule 37",
     .name = "rule37-into-the-index",
     .base = parts_of_two,
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.storage_nbytes[1] = 129;
         },
     .expected = "corrupt/storage_range",
     .about = "A storage that ends one byte after the beginning of the index."},
    {.where = "rule 37",
     .name = "rule37-by-a-derived-size",
     .base = parts_of_two,
     .edit = [](Parts& p) { p.storages.resize(64); },
     .expected = "corrupt/storage_range",
     .about = "The index is where the second storage begins."},
    {.where = "rule 37",
     .name = "rule37-pushed-by-the-first",
     .base = parts_of_two,
     .edit =
         [](Parts& p) {
             p.columns.say_storage_nbytes();
             p.columns.storage_nbytes[0] = 129;
         },
     .expected = "corrupt/storage_range"},
    {.where = "rule 37",
     .name = "rule37-compressed",
     .base = two_zstd,
     .edit = [](Parts& p) { p.storages.resize(64); },
     .expected = "corrupt/storage_range"},
    {.where = "rule 37",
     .name = "rule37-by-the-header",
     .base = parts_of_two,
     .edit = [](Parts& p) { p.header.alignment = 256; },
     .expected = "corrupt/storage_range",
     .about = "Storages placed for an alignment of 64, with a header that states 256."},
    {.where = "rule 37",
     .name = "rule37-off-its-page",
     .base = large,
     .edit =
         [](Parts& p) {
             const auto chunk = p.at(4096, p.columns.stored_nbytes[0]);
             p.storages = FileBytes(chunk.begin(), chunk.end());
         },
     .expected = "corrupt/storage_range",
     .about = "A storage of 1 MiB at 64 and not on a page."},

    {.where = "rule 38",
     .name = "rule38-before-the-index",
     .base = parts_of_two,
     .edit = [](Parts& p) { p.storages.resize(p.storages.size() + 64); },
     .expected = "corrupt/storage_gap",
     .about = "64 bytes of room between the last storage and the index."},
    {.where = "rule 38",
     .name = "rule38-before-the-index-compressed",
     .base = two_zstd,
     .edit = [](Parts& p) { p.storages.resize(p.storages.size() + 64); },
     .expected = "corrupt/storage_gap"},
    {.where = "rule 38",
     .name = "rule38-room-for-an-empty-one",
     .base = empty_last,
     .edit = [](Parts& p) { p.storages.resize(p.storages.size() + 64); },
     .expected = "corrupt/storage_gap",
     .about = "64 bytes of room for a storage without bytes."},
    {.where = "rule 38",
     .name = "rule38-nothing-but-room",
     .base = [] { return parts_of({}); },
     .edit = [](Parts& p) { p.storages.resize(64); },
     .expected = "corrupt/storage_gap"},
};

}  // namespace

std::span<const Row> storage_rows() {
    return kStorageRows;
}

}  // namespace milepost::golden
