#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <zlib.h>

#include "dataset.hpp"
#include "failure.hpp"

namespace lenet {
namespace {

constexpr std::uint32_t kImagesMagic = 0x0803;
constexpr std::uint32_t kLabelsMagic = 0x0801;
constexpr std::size_t kMaxCount = 1'000'000;  // the largest set of this kind has 814,255 images

/// An unpacked file: it ends here, or at a byte more than any file we accept.
std::vector<std::uint8_t> unpack(const std::string& path, std::size_t max_nbytes) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    if (!file) throw Failure(path + ": cannot be opened");
    std::vector<std::uint8_t> bytes;
    while (bytes.size() <= max_nbytes) {
        constexpr std::size_t kBlock = 1U << 20U;
        const std::size_t before = bytes.size();
        bytes.resize(before + kBlock);
        const int got = gzread(file.get(), bytes.data() + before, kBlock);
        bytes.resize(before + static_cast<std::size_t>(std::max(got, 0)));
        if (got <= 0) break;
    }
    int status = Z_OK;
    const char* message = gzerror(file.get(), &status);
    if (status != Z_OK) throw Failure(std::string("cannot unpack ") + message);  // which leads with the path
    return bytes;
}

/// The big-endian number at `offset`.
std::uint32_t number_at(const std::vector<std::uint8_t>& bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < 4; ++i)
        number = number << 8U | bytes[offset + i];
    return number;
}

void expect(bool holds, const std::string& path, const std::string& what, std::size_t expected,
            std::size_t found) {
    if (holds) return;
    throw Failure(path + ": " + what + ": expected " + std::to_string(expected) + ", found " +
                  std::to_string(found));
}

/// Checks magic, dims and size of an IDX file of items of the given dims; returns the items.
std::vector<std::uint8_t> load_items(const std::string& path, std::uint32_t magic,
                                     std::vector<std::size_t> dims) {
    const std::size_t header = 4 * (2 + dims.size());
    std::size_t item_nbytes = 1;
    for (const std::size_t dim : dims)
        item_nbytes *= dim;
    std::vector<std::uint8_t> bytes = unpack(path, header + kMaxCount * item_nbytes);
    expect(bytes.size() >= header, path, "bytes of the header", header, bytes.size());
    expect(number_at(bytes, 0) == magic, path, "magic number", magic, number_at(bytes, 0));
    const std::size_t count = number_at(bytes, 4);
    expect(count <= kMaxCount, path, "number of items: at most", kMaxCount, count);
    for (std::size_t i = 0; i < dims.size(); ++i) {
        const std::size_t dim = number_at(bytes, 8 + 4 * i);
        expect(dim == dims[i], path, i == 0 ? "rows of an image" : "columns of an image", dims[i], dim);
    }
    const std::size_t nbytes = header + count * item_nbytes;
    expect(bytes.size() == nbytes, path, "unpacked bytes", nbytes, bytes.size());
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
    return bytes;
}

}  // namespace

Images load_idx(const std::string& images_path, const std::string& labels_path) {
    Images images;
    images.pixels = load_items(images_path, kImagesMagic, {Images::kSide, Images::kSide});
    images.labels = load_items(labels_path, kLabelsMagic, {});
    const std::size_t count = images.pixels.size() / Images::kPixels;
    expect(images.count() == count, labels_path, "number of labels", count, images.count());
    expect(count > 0, images_path, "number of images: at least", 1, count);
    const auto label = std::find_if(images.labels.begin(), images.labels.end(), [](auto x) { return x > 9; });
    if (label != images.labels.end()) expect(false, labels_path, "label: at most", 9, *label);
    return images;
}

}  // namespace lenet
