#include "data_order.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "random.hpp"

namespace lenet {

void DataOrder::begin_epoch(std::size_t count, Generator& generator) {
    position = 0;
    if (!shuffle) {
        images.resize(count);
        std::iota(images.begin(), images.end(), 0);
        return;
    }
    // A DataLoader draws a seed for its workers first, which is not used here, then one for the permutation.
    generator.draw_i64();
    Generator of_epoch(static_cast<std::uint64_t>(generator.draw_i64()));
    images = random_permutation(count, of_epoch);
}

std::span<const std::int64_t> DataOrder::next_batch(std::size_t batch) {
    const std::size_t count = std::min(batch, images.size() - position);
    const auto taken = std::span<const std::int64_t>(images).subspan(position, count);
    position += count;
    return taken;
}

bool DataOrder::valid() const {
    std::vector<bool> seen(images.size());
    for (const std::int64_t image : images) {
        const auto number = static_cast<std::uint64_t>(image);
        if (number >= images.size() || seen[number]) return false;
        seen[number] = true;
    }
    return position <= images.size();
}

}  // namespace lenet
