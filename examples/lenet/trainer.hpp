#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "dataset.hpp"
#include "layers.hpp"
#include "network.hpp"

namespace lenet {

/// Computes gradients and accuracies on several threads, with the same bits on any number of them: the images
/// are cut into kSlices slices whatever the threads, and what the slices give is summed up in their order.
class Trainer {
public:
    static constexpr std::size_t kSlices = 8;

    /// Requires: threads > 0; more than kSlices are of no use.
    explicit Trainer(unsigned threads);

    /// The mean loss over some images of a dataset and, in `gradient`, its gradient.
    double loss_and_gradient(const Weights& weights, const Images& images,
                             std::span<const std::int64_t> chosen, Buffer& gradient);

    struct Score {
        std::size_t correct;
        double mean_loss;
    };
    Score score(const Weights& weights, const Images& images);

private:
    using Work = std::function<void(Pass&, std::size_t slice, std::size_t begin, std::size_t end)>;
    /// Calls `work` for each slice of `count` images, with the Pass of the thread that it runs on.
    void for_each_slice(std::size_t count, const Work& work);

    std::vector<std::unique_ptr<Pass>> passes_;  // one for each thread
    std::array<Buffer, kSlices> gradients_;
};

}  // namespace lenet
