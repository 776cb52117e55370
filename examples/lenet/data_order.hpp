#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "random.hpp"

namespace lenet {

/// In which order an epoch takes the images, and how far it has come: PyTorch's `DataLoader(shuffle=True)`,
/// in a form that a checkpoint can hold in the middle of an epoch.
struct DataOrder {
    /// The epoch's images, each once; empty before the first epoch.
    std::vector<std::int64_t> images;
    /// How many of them are done.
    std::size_t position = 0;
    /// Off: the order of the file.
    bool shuffle = true;

    [[nodiscard]] bool epoch_done() const { return position == images.size(); }
    /// Begins an epoch over `count` images; where it shuffles it draws from the run's generator as PyTorch
    /// does.
    void begin_epoch(std::size_t count, Generator& generator);
    /// The next `batch` images, fewer at the end of the epoch.
    std::span<const std::int64_t> next_batch(std::size_t batch);
    /// Whether `images` holds each number once and `position` is within it.
    [[nodiscard]] bool valid() const;
};

}  // namespace lenet
