#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

using milepost::Checkpoint;
using milepost::Dict;
using milepost::Entries;
using milepost::List;
using milepost::StableVector;
using milepost::Value;

namespace {

using Numbers = StableVector<int>;
static_assert(std::random_access_iterator<Numbers::iterator> &&
              std::random_access_iterator<Numbers::const_iterator>);
static_assert(std::is_convertible_v<Numbers::iterator, Numbers::const_iterator> &&
              !std::is_convertible_v<Numbers::const_iterator, Numbers::iterator>);

constexpr int kMany = 1000;
const std::string kText = "a text that does not fit into the string itself";

std::vector<int> content(const Numbers& numbers) {
    return {numbers.begin(), numbers.end()};
}

}  // namespace

TEST_CASE("stable vector: elements stay where they are") {
    Numbers numbers{1, 2};
    int& first = numbers[0];
    for (int i = 0; i < kMany; ++i)
        numbers.push_back(first);
    numbers.insert(numbers.begin(), 7);
    CHECK(&first == &numbers[1]);
    const Numbers moved = std::move(numbers);
    CHECK(&first == &moved[1]);
    CHECK(moved.size() == kMany + 3);
}

TEST_CASE("stable vector: the interface of a vector") {
    Numbers numbers(std::vector<int>{3, 1, 2});
    std::sort(numbers.begin(), numbers.end());
    CHECK(content(numbers) == std::vector<int>{1, 2, 3});
    numbers.erase(numbers.begin() + 1);
    numbers.insert(numbers.end(), 4);
    CHECK(content(numbers) == std::vector<int>{1, 3, 4});
    CHECK(std::vector<int>(numbers.rbegin(), numbers.rend()) == std::vector<int>{4, 3, 1});
    numbers.pop_back();
    numbers.resize(3);
    CHECK(content(numbers) == std::vector<int>{1, 3, 0});
    const std::vector<int> others{8, 9};
    numbers.assign(others.begin(), others.end());
    CHECK((numbers.front() == 8 && numbers.back() == 9));
    Numbers copy = numbers;
    copy[0] = 5;
    CHECK(numbers[0] == 8);
    swap(copy, numbers);
    CHECK(numbers[0] == 5);
    numbers = *&numbers;
    CHECK(numbers.size() == 2);
    numbers.clear();
    CHECK(numbers.empty());
}

TEST_CASE("entries: what operator[] and find return stays valid when others are added") {
    Entries entries;
    entries["run"] = kText;
    entries["parent"] = entries["run"];  // the reference on the right is made first
    CHECK(entries.find("parent")->as_string().value() == kText);
    const Value* const found = entries.find("run");
    Value& named = entries["run"];
    for (int i = 0; i < kMany; ++i)
        entries["copy " + std::to_string(i)] = named;
    CHECK(entries.find("run") == found);
    CHECK(entries.find("copy 999")->as_string().value() == kText);
    CHECK_FALSE(entries.add("run", 1));
    Entries moved = std::move(entries);
    CHECK(moved.find("run") == found);
    moved = static_cast<Entries&&>(moved);
    CHECK(moved.size() == kMany + 2);
    CHECK(moved.find("parent") != nullptr);
}

TEST_CASE("dict and list: what they hand out stays valid when others are added") {
    Dict dict;
    dict["a"] = kText;
    const Value* const found = dict.find("a");
    for (int i = 0; i < kMany; ++i)
        dict[std::to_string(i)] = dict["a"];
    CHECK(dict.find("a") == found);
    CHECK(dict.items.back().second.as_string().value() == kText);
    List list{{kText}};
    for (int i = 0; i < kMany; ++i)
        list.items.push_back(list.items[0]);
    CHECK(list.items.back().as_string().value() == kText);
}

TEST_CASE("checkpoint: a new name for what another name has") {
    const std::vector<float> weights(12, 1.5F);
    Checkpoint checkpoint;
    milepost::StateDict& model = checkpoint.model("model");
    model["embed.weight"] = milepost::TensorView::of(std::span(weights), {3, 4});
    model["lm_head.weight"] = model["embed.weight"];
    for (int i = 0; i < kMany; ++i) {
        checkpoint.model(std::to_string(i)) = checkpoint.model("model");
        checkpoint.optimizer("o" + std::to_string(i)).extra["parent"] = model["embed.weight"];
    }
    CHECK(&checkpoint.model("model") == &model);
    CHECK(checkpoint.model("999").find("lm_head.weight")->get_if<milepost::TensorView>()->rank() == 2);
    const Checkpoint copy = checkpoint;
    CHECK(copy.models().size() == kMany + 1);
}
