#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "codec/checksum.hpp"
#include "state_dicts/generate.hpp"
#include "state_dicts/image.hpp"
#include "support/memory.hpp"

using namespace milepost;
using namespace milepost::state_dicts;

TEST_CASE("generator: a seed gives the same checkpoint on every platform") {
    std::string images;
    for (std::uint64_t seed = 1; seed <= 100; ++seed)
        images += *image_of(make_checkpoint(seed).checkpoint);
    // Changes with the generator, and with the form of the image; with nothing else.
    CHECK(codec::to_hex(codec::checksum128(std::as_bytes(std::span(images)))) ==
          "842d6c4b68dd6eac0732fce4c0e9959d");
}

TEST_CASE("generator: a sample may be moved, its tensors' memory with it") {
    Sample sample = make_checkpoint(7);
    const auto before = image_of(sample.checkpoint);
    const Sample moved = std::move(sample);
    CHECK((*image_of(moved.checkpoint) == *before));
}

TEST_CASE("image: the first difference is shown with its line") {
    CHECK(first_difference("a\nb\n", "a\nb\n").empty());
    CHECK(first_difference("a\nbc\nd", "a\nbx\nd") == "line 2\n  expected bc\n  found    bx");
    CHECK(first_difference("a\nb", "a\nb\nc") == "line 2\n  expected b\n  found    b");
    CHECK(first_difference("", "c") == "line 1\n  expected \n  found    c");
}
