#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"

namespace milepost::convert::hdf5 {

/// Puts links or attributes in the order in which h5py lists them: as they were made if that is tracked, else
/// by name. `what` is what has a name: "HDF5 group: the name". Errors: corrupt/foreign for a name that occurs
/// twice. Throws std::bad_alloc.
template <class Named>
[[nodiscard]] Result<void> put_in_order(std::vector<Named>& all, bool tracks_order, std::string_view what) {
    std::sort(all.begin(), all.end(), [](const Named& a, const Named& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(all.begin(), all.end(),
                                          [](const Named& a, const Named& b) { return a.name == b.name; });
    if (twice != all.end())
        return Error(Condition::foreign, base::message(what, " ", escape(twice->name, 120), " occurs twice"));
    if (tracks_order)
        std::stable_sort(all.begin(), all.end(),
                         [](const Named& a, const Named& b) { return a.order < b.order; });
    return {};
}

}  // namespace milepost::convert::hdf5
