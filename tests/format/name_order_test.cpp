#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "format/name_order.hpp"
#include "support/columns.hpp"

using namespace milepost;
using namespace milepost::testing;

namespace {

/// Names in a pool, some before the entry list that is asked for, and the order of those within it.
struct Names {
    TextColumn pool;
    std::vector<std::string> texts;
    std::vector<std::uint32_t> order;
    std::uint32_t first = 0;
};

/// Few letters and long common beginnings, below, at and beyond a block of 32 bytes; some names are equal.
Names random_names(std::mt19937& random) {
    auto below = [&](unsigned count) { return static_cast<std::size_t>(random() % count); };
    Names names;
    names.first = static_cast<std::uint32_t>(below(3));
    for (std::uint32_t i = 0; i < names.first; ++i)
        names.pool.add("before");
    const std::string beginning(below(2) == 0 ? 0 : 28 + below(10), 'p');
    const std::size_t count = below(8);
    for (std::size_t i = 0; i < count; ++i) {
        std::string text = beginning;
        for (std::size_t letters = 1 + below(below(2) == 0 ? 3 : 36); letters != 0; --letters)
            text += below(8) == 0 ? "\xC3\xA9" : std::string(1, static_cast<char>('a' + below(2)));
        names.texts.push_back(text);
        names.pool.add(text);
    }
    names.order.resize(count);
    std::iota(names.order.begin(), names.order.end(), 0U);
    std::sort(names.order.begin(), names.order.end(),
              [&](std::uint32_t a, std::uint32_t b) { return names.texts[a] < names.texts[b]; });
    return names;
}

bool ascend_as_texts(const Names& names) {
    for (std::size_t i = 0; i < names.order.size(); ++i) {
        if (names.order[i] >= names.texts.size()) return false;
        if (i != 0 && names.texts[names.order[i - 1]] >= names.texts[names.order[i]]) return false;
    }
    return true;
}

}  // namespace

TEST_CASE("name order: both codes say what comparing texts one by one says") {
    std::mt19937 random(20261123);
    int ascending = 0, not_ascending = 0;
    for (int round = 0; round < 40'000; ++round) {
        Names names = random_names(random);
        if (names.order.size() > 1 && random() % 2 == 0)
            std::swap(names.order[0], names.order[random() % names.order.size()]);
        if (!names.order.empty() && random() % 16 == 0)
            names.order[random() % names.order.size()] = 0xFFFFFFFF;
        const bool expected = ascend_as_texts(names);
        (expected ? ascending : not_ascending) += 1;
        const format::StringTable texts = names.pool.texts();
        REQUIRE(format::names_strictly_ascend(texts, names.order, names.first) == expected);
        REQUIRE(format::names_strictly_ascend_portable(texts, names.order, names.first) == expected);
    }
    CHECK(ascending > 5000);
    CHECK(not_ascending > 5000);
}
