#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lenet {

/// Grey images of 28x28 pixels, one after the other, each with a label from 0 to 9.
struct Images {
    static constexpr std::size_t kSide = 28;
    static constexpr std::size_t kPixels = kSide * kSide;

    std::vector<std::uint8_t> pixels;
    std::vector<std::uint8_t> labels;

    [[nodiscard]] std::size_t count() const { return labels.size(); }
    /// Writes an image as LeNet takes it: f32 [3, 32, 32], a plane with a border of zeros, three times.
    void fill_input(std::size_t image, std::span<float> input) const;
};

struct Dataset {
    Images train;
    Images test;
};

/// Where Debian's package dataset-fashion-mnist puts the images.
inline constexpr const char* kFashionMnist = "/usr/share/datasets/fashion-mnist";

/// Whether these choices of the user lead to the slice that comes with this example: because it is asked for,
/// or because nothing else is there.
bool uses_slice(const std::string& path, bool slice);

/// The slice that comes with this example. Throws Failure.
Dataset load_own_slice();

/// Loads images from a folder of IDX files, or from a slice (a .milepost file). An empty path: from
/// kFashionMnist, or from the slice that comes with this example where that folder is missing. Throws
/// Failure.
Dataset load_dataset(const std::string& path);

/// Reads a gzip-compressed pair of IDX files: images and their labels. Throws Failure.
Images load_idx(const std::string& images_path, const std::string& labels_path);

/// A slice holds the first images of a dataset as u8 tensors in a checkpoint: small enough for a repository.
void save_slice(const std::string& path, const Dataset& dataset, std::size_t train_count,
                std::size_t test_count);
Dataset load_slice(const std::string& path);

}  // namespace lenet
