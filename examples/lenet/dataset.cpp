#include "dataset.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>

namespace lenet {
namespace {

Dataset load_folder(const std::string& folder) {
    const auto load = [&](const std::string& part) {
        return load_idx(folder + "/" + part + "-images-idx3-ubyte.gz",
                        folder + "/" + part + "-labels-idx1-ubyte.gz");
    };
    return {load("train"), load("t10k")};
}

}  // namespace

void Images::fill_input(std::size_t image, std::span<float> input) const {
    constexpr std::size_t kInputSide = 32;
    constexpr std::size_t kBorder = (kInputSide - kSide) / 2;
    constexpr std::size_t kPlane = kInputSide * kInputSide;
    std::fill(input.begin(), input.end(), 0.0F);
    for (std::size_t pixel = 0; pixel < kPixels; ++pixel) {
        const float value = static_cast<float>(pixels[image * kPixels + pixel]) / 255.0F;
        const std::size_t place = (pixel / kSide + kBorder) * kInputSide + pixel % kSide + kBorder;
        for (std::size_t plane = 0; plane < 3; ++plane)
            input[plane * kPlane + place] = value;
    }
}

bool uses_slice(const std::string& path, bool slice) {
    return slice || (path.empty() && !std::filesystem::is_directory(kFashionMnist));
}

Dataset load_own_slice() {
    return load_slice(LENET_SLICE);
}

Dataset load_dataset(const std::string& path) {
    if (!path.empty()) return std::filesystem::is_directory(path) ? load_folder(path) : load_slice(path);
    if (!uses_slice(path, false)) return load_folder(kFashionMnist);
    Dataset slice = load_own_slice();
    std::cerr << "lenet: " << kFashionMnist
              << " (Debian package dataset-fashion-mnist) is not there: using the " << slice.train.count()
              << " training and " << slice.test.count() << " test images that come with this program\n";
    return slice;
}

}  // namespace lenet
