#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "codec/checksum.hpp"
#include "codec/hashing_copy.hpp"
#include "support/samples.hpp"

using namespace milepost;

TEST_CASE("hashing copy: the bytes, and the checksum of them, for lengths around its blocks") {
    codec::HashingCopy hashing_copy;
    for (const std::size_t nbytes : {0U, 1U, 240U, 241U, 1'025U, 4'095U, 4'096U, 4'097U, 5'000U, 8'192U,
                                     16'383U, 16'384U, 16'385U, 32'768U, 100'001U, 1U << 20U}) {
        const auto from = testing::make_bytes(nbytes, 3);
        std::vector<std::byte> to(nbytes + 1, std::byte{7});
        const auto digest = hashing_copy.copy(from, std::span(to).first(nbytes));
        CHECK(digest == codec::checksum128(from));
        CHECK(std::equal(from.begin(), from.end(), to.begin()));
        CHECK(to.back() == std::byte{7});
        std::vector<std::byte> first(nbytes / 3), rest(nbytes - nbytes / 3);
        CHECK(hashing_copy.copy(from, first, rest) == digest);
        first.insert(first.end(), rest.begin(), rest.end());
        CHECK(first == from);
    }
}
