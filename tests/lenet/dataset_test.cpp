#include "dataset.hpp"

#include <zlib.h>

#include <doctest/doctest.h>

#include "failure.hpp"
#include "files.hpp"
#include "says.hpp"

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Writes a gzip file.
std::string pack(const Folder& folder, const std::string& name, const Bytes& bytes) {
    std::string path = folder.file(name);
    const gzFile file = gzopen(path.c_str(), "wb");
    REQUIRE(gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size())) ==
            static_cast<int>(bytes.size()));
    REQUIRE(gzclose(file) == Z_OK);
    return path;
}

/// An IDX file of two images.
Bytes two_images() {
    Bytes bytes = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28};
    for (std::size_t i = 0; i < 2 * 28 * 28; ++i)
        bytes.push_back(static_cast<std::uint8_t>(i));
    return bytes;
}

Bytes two_labels() {
    return {0, 0, 8, 1, 0, 0, 0, 2, 9, 0};
}

/// The message of loading these files.
std::string message(const Bytes& images, const Bytes& labels) {
    const Folder folder;
    try {
        lenet::load_idx(pack(folder, "images", images), pack(folder, "labels", labels));
    } catch (const lenet::Failure& failure) {
        return failure.what();
    }
    return "loaded";
}

}  // namespace

TEST_CASE("idx: two images") {
    const Folder folder;
    const auto images =
        lenet::load_idx(pack(folder, "images", two_images()), pack(folder, "labels", two_labels()));
    CHECK(images.count() == 2);
    CHECK(images.labels == Bytes{9, 0});
    CHECK(images.pixels.size() == 2 * 784);
    CHECK(images.pixels[1] == 1);
}

TEST_CASE("idx: damaged in each field") {
    Bytes bytes = two_images();
    bytes[3] = 1;
    CHECK(says(message(bytes, two_labels()), "magic number: expected 2051, found 2049"));
    bytes = two_images();
    bytes[7] = 3;
    CHECK(says(message(bytes, two_labels()), "unpacked bytes: expected 2368, found 1584"));
    bytes = two_images();
    bytes[4] = 0xFF;
    CHECK(says(message(bytes, two_labels()), "number of items: at most"));
    bytes = two_images();
    bytes[11] = 27;
    CHECK(says(message(bytes, two_labels()), "rows of an image: expected 28, found 27"));
    bytes = two_images();
    bytes[15] = 29;
    CHECK(says(message(bytes, two_labels()), "columns of an image: expected 28, found 29"));
    Bytes labels = two_labels();
    labels[9] = 10;
    CHECK(says(message(two_images(), labels), "label: at most: expected 9, found 10"));
}

TEST_CASE("idx: a byte too few, a byte too many, shorter than its header") {
    Bytes bytes = two_images();
    bytes.pop_back();
    CHECK(says(message(bytes, two_labels()), "expected 1584, found 1583"));
    bytes = two_images();
    bytes.push_back(0);
    CHECK(says(message(bytes, two_labels()), "expected 1584, found 1585"));
    CHECK(says(message({0, 0, 8}, two_labels()), "bytes of the header: expected 16, found 3"));
    CHECK(says(message({}, two_labels()), "bytes of the header: expected 16, found 0"));
}

TEST_CASE("idx: fewer labels than images, and none of either") {
    CHECK(says(message(two_images(), {0, 0, 8, 1, 0, 0, 0, 1, 9}), "number of labels: expected 2, found 1"));
    const Bytes no_images = {0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28};
    CHECK(says(message(no_images, {0, 0, 8, 1, 0, 0, 0, 0}), "number of images: at least"));
}

TEST_CASE("idx: a file that is missing, one that is cut") {
    const Folder folder;
    const std::string images = pack(folder, "images", two_images());
    const std::string labels = pack(folder, "labels", two_labels());
    CHECK_THROWS_AS(lenet::load_idx(folder.file("none"), labels), lenet::Failure);
    std::filesystem::resize_file(images, std::filesystem::file_size(images) - 10);
    CHECK_THROWS_WITH_AS(lenet::load_idx(images, labels),
                         ("cannot unpack " + images + ": unexpected end of file").c_str(), lenet::Failure);
}

TEST_CASE("input: a border of two zeros, three equal planes, pixels over 255") {
    lenet::Images images;
    images.labels = {1, 1};
    images.pixels.resize(2 * 784, 51);
    images.pixels[784] = 255;
    std::vector<float> input(3 * 32 * 32, 9.0F);
    images.fill_input(1, input);
    CHECK(input[0] == 0.0F);
    CHECK(input[2 * 32 + 1] == 0.0F);
    CHECK(input[2 * 32 + 2] == 1.0F);
    CHECK(input[2 * 32 + 3] == 51.0F / 255.0F);
    CHECK(input[29 * 32 + 29] == 51.0F / 255.0F);
    CHECK(input[29 * 32 + 30] == 0.0F);
    CHECK(std::equal(input.begin(), input.begin() + 1024, input.begin() + 2048));
}
