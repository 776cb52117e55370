#include "convert/objects/arrays_record.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

namespace milepost::convert::objects {
namespace {

constexpr std::string_view kNumpy = "numpy";

/// The place of a part in the order of the checkpoint: that of the longest name with which a path begins.
std::size_t place_of(std::string_view path, const std::map<std::string_view, std::size_t>& places) {
    for (;;) {
        if (const auto found = places.find(path); found != places.end()) return found->second;
        const std::size_t slash = path.rfind('/');
        if (slash == std::string_view::npos) return places.size();
        path = path.substr(0, slash);
    }
}

}  // namespace

Value arrays_record(const Checkpoint& checkpoint, std::span<const StorageView> arrays) {
    if (arrays.empty()) return nullptr;
    const std::set<StorageView> storages(arrays.begin(), arrays.end());
    std::map<std::string_view, std::size_t> places;
    for (const std::string& name : checkpoint.order())
        places.emplace(name, places.size());
    // Paths are in the order of the object, in which Python finds them.
    std::vector<std::pair<std::size_t, std::string>> paths;
    std::size_t count = 0;
    walk_tensors(checkpoint, [&](const std::string& path, const TensorView& tensor) {
        ++count;
        if (storages.contains(tensor.storage())) paths.emplace_back(place_of(path, places), path);
    });
    if (paths.empty()) return nullptr;
    if (paths.size() == count) return kNumpy;
    std::stable_sort(paths.begin(), paths.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    List list;
    for (auto& [place, path] : paths)
        list.items.push_back(std::move(path));
    Dict made;
    made[kNumpy] = std::move(list);
    return made;
}

}  // namespace milepost::convert::objects
