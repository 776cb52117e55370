#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "dataset.hpp"
#include "failure.hpp"

namespace lenet {
namespace {

/// The first `count` images of a part become two values of the checkpoint; they borrow.
void add_part(milepost::Checkpoint& checkpoint, const std::string& part, const Images& images,
              std::size_t count) {
    const std::span<const std::uint8_t> pixels(images.pixels);
    const std::span<const std::uint8_t> labels(images.labels);
    checkpoint.values()[part + "_images"] = milepost::TensorView::of(pixels.first(count * Images::kPixels),
                                                                     {count, Images::kSide, Images::kSide});
    checkpoint.values()[part + "_labels"] = milepost::TensorView::of(labels.first(count), {count});
}

std::vector<std::uint8_t> load_bytes(const milepost::Reader& file, const std::string& name,
                                     const std::string& path) {
    const std::string context = path + ": " + name;
    const milepost::TensorView tensor = or_fail(file.tensor(name), path);
    const std::span<const std::uint8_t> bytes = or_fail(tensor.as<std::uint8_t>(), context);
    return {bytes.begin(), bytes.end()};
}

Images load_part(const milepost::Reader& file, const std::string& part, const std::string& path) {
    Images images{load_bytes(file, part + "_images", path), load_bytes(file, part + "_labels", path)};
    const bool labels_fit =
        std::all_of(images.labels.begin(), images.labels.end(), [](auto x) { return x <= 9; });
    if (images.count() == 0 || images.pixels.size() != images.count() * Images::kPixels || !labels_fit) {
        throw Failure(path + ": " + part + ": expected u8 images [n, 28, 28] and n labels from 0 to 9");
    }
    return images;
}

}  // namespace

void save_slice(const std::string& path, const Dataset& dataset, std::size_t train_count,
                std::size_t test_count) {
    if (train_count > dataset.train.count() || test_count > dataset.test.count()) {
        throw Failure("the dataset has only " + std::to_string(dataset.train.count()) + " training and " +
                      std::to_string(dataset.test.count()) + " test images");
    }
    milepost::Checkpoint checkpoint;
    checkpoint.values()["source"] = "Fashion-MNIST, the first images of each part";
    checkpoint.values()["license"] = "MIT, Copyright 2017 Zalando SE, https://tech.zalando.com";
    add_part(checkpoint, "train", dataset.train, train_count);
    add_part(checkpoint, "test", dataset.test, test_count);
    or_fail(milepost::save(path, checkpoint, {.codec = milepost::Codec::zstd, .zstd_level = 19}), path);
}

Dataset load_slice(const std::string& path) {
    const milepost::Reader file = or_fail(milepost::Reader::open(path), path);
    return {load_part(file, "train", path), load_part(file, "test", path)};
}

}  // namespace lenet
