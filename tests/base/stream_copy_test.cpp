#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "base/stream_copy.hpp"

using namespace milepost::base;

TEST_CASE("stream_copy: all bytes and no others, at any address and of any size") {
    constexpr std::byte kUntouched{0xEE};
    std::vector<std::byte> source(400);
    for (std::size_t i = 0; i < source.size(); ++i)
        source[i] = static_cast<std::byte>(i % 199);
    for (std::size_t nbytes = 0; nbytes <= 300; ++nbytes) {
        for (const std::size_t from : {std::size_t{0}, std::size_t{1}, std::size_t{37}}) {
            for (std::size_t to = 0; to < 70; ++to) {
                std::vector<std::byte> target(400, kUntouched);
                const auto copied = std::span(source).subspan(from, nbytes);
                stream_copy(copied, std::span(target).subspan(to, nbytes));
                std::vector<std::byte> expected(400, kUntouched);
                std::copy(copied.begin(), copied.end(), expected.begin() + static_cast<std::ptrdiff_t>(to));
                REQUIRE((target == expected));
            }
        }
    }
    stream_copy({}, {});
}
