#include "trainer.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "dataset.hpp"
#include "layers.hpp"
#include "network.hpp"

namespace lenet {

Trainer::Trainer(unsigned threads) {
    const std::size_t useful = std::min<std::size_t>(threads, kSlices);
    for (std::size_t i = 0; i < useful; ++i)
        passes_.push_back(std::make_unique<Pass>());
    for (Buffer& gradient : gradients_)
        gradient.resize(static_cast<Eigen::Index>(kWeightCount));
}

void Trainer::for_each_slice(std::size_t count, const Work& work) {
    const auto run_thread = [&](std::size_t thread) {
        for (std::size_t slice = thread; slice < kSlices; slice += passes_.size()) {
            work(*passes_[thread], slice, count * slice / kSlices, count * (slice + 1) / kSlices);
        }
    };
    std::vector<std::jthread> others;
    for (std::size_t thread = 1; thread < passes_.size(); ++thread)
        others.emplace_back(run_thread, thread);
    run_thread(0);
}

double Trainer::loss_and_gradient(const Weights& weights, const Images& images,
                                  std::span<const std::int64_t> chosen, Buffer& gradient) {
    std::array<double, kSlices> losses = {};
    const float scale = 1.0F / static_cast<float>(chosen.size());
    for_each_slice(chosen.size(), [&](Pass& pass, std::size_t slice, std::size_t begin, std::size_t end) {
        gradients_[slice].setZero();
        for (std::size_t first = begin; first < end; first += Pass::kCapacity) {
            const auto group = chosen.subspan(first, std::min(Pass::kCapacity, end - first));
            std::array<std::uint8_t, Pass::kCapacity> labels = {};
            for (std::size_t i = 0; i < group.size(); ++i) {
                const auto image = static_cast<std::size_t>(group[i]);
                images.fill_input(image, pass.input(i));
                labels[i] = images.labels[image];
            }
            pass.forward(weights, group.size());
            losses[slice] += pass.loss(labels);
            pass.backward(weights, labels, scale, gradients_[slice]);
        }
    });
    gradient.setZero(static_cast<Eigen::Index>(kWeightCount));
    double loss = 0;
    for (std::size_t slice = 0; slice < kSlices; ++slice) {
        gradient += gradients_[slice];
        loss += losses[slice];
    }
    return loss / static_cast<double>(chosen.size());
}

Trainer::Score Trainer::score(const Weights& weights, const Images& images) {
    std::array<Score, kSlices> scores = {};
    for_each_slice(images.count(), [&](Pass& pass, std::size_t slice, std::size_t begin, std::size_t end) {
        for (std::size_t first = begin; first < end; first += Pass::kCapacity) {
            const std::size_t count = std::min(Pass::kCapacity, end - first);
            for (std::size_t i = 0; i < count; ++i)
                images.fill_input(first + i, pass.input(i));
            pass.forward(weights, count);
            const auto labels = std::span<const std::uint8_t>(images.labels).subspan(first, count);
            scores[slice].mean_loss += pass.loss(labels);
            for (std::size_t i = 0; i < count; ++i) {
                if (predicted_class(pass.logits(i)) == labels[i]) ++scores[slice].correct;
            }
        }
    });
    Score total = {};
    for (const Score& score : scores) {
        total.correct += score.correct;
        total.mean_loss += score.mean_loss;
    }
    total.mean_loss /= static_cast<double>(images.count());
    return total;
}

}  // namespace lenet
