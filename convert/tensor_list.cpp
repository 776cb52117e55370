#include "convert/tensor_list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"

namespace milepost::convert {
namespace {

using base::checked_add;
using base::checked_mul;

/// The byte after the last one that a tensor reaches in its storage; saturates where it cannot be computed,
/// as for a tensor that no storage can hold.
std::uint64_t end_of(const TensorView& tensor) noexcept {
    constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t end = tensor.offset();
    if (tensor.element_count() == 0) return end;
    if (tensor.is_contiguous()) return checked_add(end, tensor.nbytes(), end) ? end : kNever;
    std::uint64_t last = 0;
    for (std::size_t axis = 0; axis < std::min(tensor.rank(), tensor.strides().size()); ++axis) {
        std::uint64_t step = 0;
        if (!checked_mul(tensor.shape()[axis] - 1, tensor.strides()[axis], step)) return kNever;
        if (!checked_add(last, step, last)) return kNever;
    }
    const std::uint64_t element = tensor.dtype().bits / 8U;
    if (!checked_add(last, 1, last) || !checked_mul(last, element, last)) return kNever;
    return checked_add(end, last, end) ? end : kNever;
}

/// Sets tied_to. Tensors of one storage whose bytes are apart are not tied: many frameworks cut all of a
/// model's tensors from one buffer.
void find_ties(std::vector<ListedTensor>& tensors) {
    std::map<StorageView, std::vector<std::size_t>> of_storage;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        if (tensors[i].tensor->element_count() != 0) of_storage[tensors[i].tensor->storage()].push_back(i);
    }
    for (auto& [storage, members] : of_storage) {
        std::sort(members.begin(), members.end(), [&](std::size_t a, std::size_t b) {
            return std::tuple(tensors[a].tensor->offset(), a) < std::tuple(tensors[b].tensor->offset(), b);
        });
        std::size_t reaches = members.front();  // the one that reaches furthest
        for (const std::size_t member : members) {
            if (member == reaches) continue;
            const std::uint64_t end = end_of(*tensors[reaches].tensor);
            if (tensors[member].tensor->offset() < end)
                tensors[std::max(member, reaches)].tied_to = &tensors[std::min(member, reaches)];
            if (end_of(*tensors[member].tensor) > end) reaches = member;
        }
    }
}

}  // namespace

std::vector<ListedTensor> list_tensors(const Checkpoint& checkpoint) {
    std::vector<ListedTensor> tensors;
    bool is_one_model = checkpoint.models().size() == 1;
    for (const auto& [model, state_dict] : checkpoint.models()) {
        for (const auto& [name, value] : state_dict) {
            if (const auto* tensor = value.get_if<TensorView>())
                tensors.push_back({base::message(model, "/", name), name, tensor});
        }
    }
    for (const auto& [name, value] : checkpoint.values()) {
        if (const auto* tensor = value.get_if<TensorView>()) {
            tensors.push_back({name, name, tensor});
            is_one_model = false;
        }
    }
    if (!is_one_model) {
        for (ListedTensor& each : tensors)
            each.name = each.path;
    }
    find_ties(tensors);
    return tensors;
}

}  // namespace milepost::convert
