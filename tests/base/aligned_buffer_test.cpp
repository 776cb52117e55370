#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <utility>

#include "base/aligned_buffer.hpp"

using namespace milepost::base;

TEST_CASE("aligned buffer: its size, at a multiple of 64") {
    for (const std::size_t nbytes :
         {std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{100'001}}) {
        AlignedBuffer buffer(nbytes);
        CHECK_FALSE(buffer.empty());
        CHECK(buffer.bytes().size() == nbytes);
        CHECK(reinterpret_cast<std::uintptr_t>(buffer.bytes().data()) % 64 == 0);
        std::fill(buffer.bytes().begin(), buffer.bytes().end(), std::byte{7});  // all of it can be written
        CHECK(std::as_const(buffer).bytes().back() == std::byte{7});
    }
}

TEST_CASE("aligned buffer: empty by default, not where it has no bytes") {
    CHECK(AlignedBuffer().empty());
    CHECK(AlignedBuffer().bytes().empty());
    CHECK_FALSE(AlignedBuffer(0).empty());
}

TEST_CASE("aligned buffer: a move hands the bytes over") {
    static_assert(!std::is_copy_constructible_v<AlignedBuffer>);
    AlignedBuffer first(8);
    const std::byte* bytes = first.bytes().data();
    AlignedBuffer second(std::move(first));
    CHECK(second.bytes().data() == bytes);
    CHECK(second.bytes().size() == 8);
    AlignedBuffer third;
    third = std::move(second);
    CHECK(third.bytes().data() == bytes);
    CHECK(third.bytes().size() == 8);
}
