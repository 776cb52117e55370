#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "core/layout.hpp"

using namespace milepost::core;
using Sizes = std::vector<std::uint64_t>;

namespace {

constexpr std::uint64_t kTwo = 2;
constexpr std::uint64_t two_to(unsigned exponent) {
    return kTwo << (exponent - 1);
}

LayoutFault fault_of(const Sizes& shape, const Sizes& strides, std::uint64_t bits, std::uint64_t offset,
                     std::uint64_t nbytes) {
    return find_layout_fault(shape, strides, bits, offset, nbytes);
}

}  // namespace

TEST_CASE("layout: element count") {
    std::uint64_t count = 99;
    CHECK(element_count(Sizes{}, count));
    CHECK(count == 1);
    CHECK(element_count(Sizes{6, 3, 5}, count));
    CHECK(count == 90);
    CHECK(element_count(Sizes{6, 0, 5}, count));
    CHECK(count == 0);
    CHECK(element_count(Sizes{UINT64_MAX}, count));
    CHECK(count == UINT64_MAX);
    CHECK(element_count(Sizes{two_to(32), two_to(32) - 1}, count));
    CHECK(count == 0xFFFFFFFF00000000U);
    CHECK_FALSE(element_count(Sizes{two_to(32), two_to(32)}, count));
    CHECK(count == 0xFFFFFFFF00000000U);
    CHECK(element_count(Sizes{two_to(32), two_to(32), 0}, count));
    CHECK(count == 0);
}

TEST_CASE("layout: contiguous strides") {
    CHECK(contiguous_strides(Sizes{}).empty());
    CHECK(contiguous_strides(Sizes{7}) == Sizes{1});
    CHECK(contiguous_strides(Sizes{2, 3, 4}) == Sizes{12, 4, 1});
    CHECK(contiguous_strides(Sizes{2, 0, 4}) == Sizes{4, 4, 1});
}

TEST_CASE("layout: contiguous, by section 10") {
    CHECK(is_contiguous(Sizes{}, Sizes{}));
    CHECK(is_contiguous(Sizes{2, 3, 4}, Sizes{12, 4, 1}));
    CHECK_FALSE(is_contiguous(Sizes{2, 3, 4}, Sizes{12, 4, 2}));
    CHECK_FALSE(is_contiguous(Sizes{2, 3, 4}, Sizes{12, 5, 1}));
    CHECK_FALSE(is_contiguous(Sizes{2, 3, 4}, Sizes{11, 4, 1}));
    CHECK_FALSE(is_contiguous(Sizes{2, 3, 4}, Sizes{13, 4, 1}));
    CHECK_FALSE(is_contiguous(Sizes{2, 3}, Sizes{1, 2}));
    CHECK_FALSE(is_contiguous(Sizes{2}, Sizes{0}));
    SUBCASE("of a size of 1 any stride will do") {
        CHECK(is_contiguous(Sizes{1}, Sizes{UINT64_MAX}));
        CHECK(is_contiguous(Sizes{2, 1, 4}, Sizes{4, 99, 1}));
        CHECK(is_contiguous(Sizes{1, 4, 1}, Sizes{0, 1, 0}));
        CHECK_FALSE(is_contiguous(Sizes{2, 1, 4}, Sizes{5, 4, 1}));
    }
    SUBCASE("without elements any strides will do") {
        CHECK(is_contiguous(Sizes{3, 0}, Sizes{7, 9}));
    }
    SUBCASE("a product that does not fit is not a stride") {
        CHECK_FALSE(is_contiguous(Sizes{2, two_to(32), two_to(32)}, Sizes{0, two_to(32), 1}));
        CHECK_FALSE(is_contiguous(Sizes{2, two_to(32), two_to(32)}, Sizes{1, two_to(32), 1}));
        CHECK(is_contiguous(Sizes{1, two_to(32), two_to(32)}, Sizes{0, two_to(32), 1}));
    }
}

TEST_CASE("layout: bits allowed are 1 to 8 and whole bytes up to 65528") {
    for (std::uint64_t bits = 0; bits < 66000; ++bits) {
        CAPTURE(bits);
        const bool expected = (bits >= 1 && bits <= 8) || (bits > 8 && bits % 8 == 0 && bits <= 65528);
        CHECK(bits_allowed(bits) == expected);
    }
    CHECK_FALSE(bits_allowed(two_to(32) + 8));
}

TEST_CASE("layout: shape below 2^63 bits, rule 27") {
    CHECK(shape_fits(Sizes{}, 8));
    CHECK(shape_fits(Sizes{two_to(60) - 1}, 8));
    CHECK_FALSE(shape_fits(Sizes{two_to(60)}, 8));
    CHECK_FALSE(shape_fits(Sizes{two_to(60) + 1}, 8));
    CHECK(shape_fits(Sizes{two_to(63) - 1}, 1));
    CHECK_FALSE(shape_fits(Sizes{two_to(63)}, 1));
    CHECK_FALSE(shape_fits(Sizes{UINT64_MAX, UINT64_MAX}, 8));
    CHECK(shape_fits(Sizes{two_to(59), 1}, 8));
    CHECK_FALSE(shape_fits(Sizes{two_to(59), 2}, 8));
    SUBCASE("sizes of 0 do not count, the others do") {
        CHECK(shape_fits(Sizes{0, two_to(60) - 1, 0}, 8));
        CHECK_FALSE(shape_fits(Sizes{0, two_to(60)}, 8));
        CHECK_FALSE(shape_fits(Sizes{two_to(40), two_to(40), 0}, 8));
    }
}

TEST_CASE("layout: bytes of a contiguous tensor") {
    std::uint64_t nbytes = 99;
    CHECK(contiguous_nbytes(Sizes{}, 64, nbytes));
    CHECK(nbytes == 8);
    CHECK(contiguous_nbytes(Sizes{3}, 6, nbytes));
    CHECK(nbytes == 3);
    CHECK(contiguous_nbytes(Sizes{two_to(60) - 1}, 8, nbytes));
    CHECK(nbytes == two_to(60) - 1);
    CHECK_FALSE(contiguous_nbytes(Sizes{two_to(60)}, 8, nbytes));
    CHECK_FALSE(contiguous_nbytes(Sizes{two_to(60), 0}, 8, nbytes));
    CHECK(nbytes == two_to(60) - 1);
    CHECK(contiguous_nbytes(Sizes{two_to(59), 0}, 8, nbytes));
    CHECK(nbytes == 0);
}

TEST_CASE("layout: whole bytes, rule 28") {
    CHECK(fills_whole_bytes(Sizes{4}, 6));
    CHECK_FALSE(fills_whole_bytes(Sizes{3}, 6));
    CHECK_FALSE(fills_whole_bytes(Sizes{5}, 6));
    CHECK(fills_whole_bytes(Sizes{2, 3}, 4));
    CHECK_FALSE(fills_whole_bytes(Sizes{3, 3}, 4));
    CHECK_FALSE(fills_whole_bytes(Sizes{}, 4));
    CHECK(fills_whole_bytes(Sizes{3, 0}, 4));
    CHECK(fills_whole_bytes(Sizes{3}, 16));
}

TEST_CASE("layout: strides, rule 29") {
    CHECK(strides_fit(Sizes{2, 3}, Sizes{1, 2}, 32));
    CHECK(strides_fit(Sizes{2, 3}, Sizes{0, 0}, 32));
    SUBCASE("as many as sizes") {
        CHECK_FALSE(strides_fit(Sizes{2, 3}, Sizes{1}, 32));
        CHECK_FALSE(strides_fit(Sizes{2, 3}, Sizes{1, 2, 3}, 32));
        CHECK_FALSE(strides_fit(Sizes{}, Sizes{1}, 32));
    }
    SUBCASE("whole bytes") {
        CHECK_FALSE(strides_fit(Sizes{2, 4}, Sizes{1, 2}, 4));
    }
    SUBCASE("elements") {
        CHECK_FALSE(strides_fit(Sizes{2, 0}, Sizes{1, 2}, 32));
    }
    SUBCASE("not those of a contiguous tensor") {
        CHECK_FALSE(strides_fit(Sizes{2, 3}, Sizes{3, 1}, 32));
    }
    SUBCASE("each stride below 2^63, of a size of 1 too") {
        CHECK(strides_fit(Sizes{1, 2}, Sizes{two_to(63) - 1, 2}, 8));
        CHECK_FALSE(strides_fit(Sizes{1, 2}, Sizes{two_to(63), 2}, 8));
        CHECK_FALSE(strides_fit(Sizes{1, 2}, Sizes{UINT64_MAX, 2}, 8));
        CHECK(strides_fit(Sizes{2}, Sizes{two_to(63) - 1}, 8));
        CHECK_FALSE(strides_fit(Sizes{2}, Sizes{two_to(63)}, 8));
    }
    SUBCASE("the last element below 2^63 bytes") {
        CHECK(strides_fit(Sizes{2}, Sizes{two_to(61) - 1}, 32));
        CHECK_FALSE(strides_fit(Sizes{2}, Sizes{two_to(61)}, 32));
        CHECK_FALSE(strides_fit(Sizes{2}, Sizes{two_to(61) + 1}, 32));
        CHECK(strides_fit(Sizes{2, 2}, Sizes{two_to(62), two_to(62) - 1}, 8));
        CHECK_FALSE(strides_fit(Sizes{2, 2}, Sizes{two_to(62), two_to(62)}, 8));
        CHECK_FALSE(strides_fit(Sizes{3, 3}, Sizes{two_to(63) - 1, two_to(63) - 1}, 8));
        CHECK_FALSE(strides_fit(Sizes{5}, Sizes{two_to(62)}, 8));
    }
}

TEST_CASE("layout: reach") {
    CHECK(extent_nbytes(Sizes{}, {}, 32) == 4);
    CHECK(extent_nbytes(Sizes{2, 3}, {}, 32) == 24);
    CHECK(extent_nbytes(Sizes{2, 0}, {}, 32) == 0);
    CHECK(extent_nbytes(Sizes{4}, {}, 6) == 3);
    CHECK(extent_nbytes(Sizes{3}, {}, 6) == 3);
    CHECK(extent_nbytes(Sizes{2, 3}, Sizes{1, 2}, 32) == 24);
    CHECK(extent_nbytes(Sizes{2, 3}, Sizes{0, 0}, 32) == 4);
    CHECK(extent_nbytes(Sizes{2, 3}, Sizes{10, 4}, 16) == (1 + 10 + 8) * 2);
}

TEST_CASE("layout: range, rule 30") {
    CHECK(fits_storage(Sizes{2, 3}, {}, 32, 0, 24));
    CHECK_FALSE(fits_storage(Sizes{2, 3}, {}, 32, 0, 23));
    CHECK(fits_storage(Sizes{2, 3}, {}, 32, 4, 28));
    CHECK_FALSE(fits_storage(Sizes{2, 3}, {}, 32, 4, 27));
    CHECK_FALSE(fits_storage(Sizes{2, 3}, {}, 32, UINT64_MAX - 3, 100));
    SUBCASE("offset a multiple of the element") {
        CHECK_FALSE(fits_storage(Sizes{2}, {}, 32, 3, 100));
        CHECK_FALSE(fits_storage(Sizes{2}, {}, 32, 5, 100));
        CHECK_FALSE(fits_storage(Sizes{0}, {}, 32, 5, 100));
        CHECK(fits_storage(Sizes{4}, {}, 6, 5, 8));
        CHECK_FALSE(fits_storage(Sizes{4}, {}, 6, 5, 7));
        CHECK(fits_storage(Sizes{4}, {}, 24, 3, 15));
    }
    SUBCASE("without elements the offset alone") {
        CHECK(fits_storage(Sizes{0}, {}, 32, 0, 0));
        CHECK(fits_storage(Sizes{0}, {}, 32, 100, 100));
        CHECK_FALSE(fits_storage(Sizes{0}, {}, 32, 104, 100));
    }
    SUBCASE("strided") {
        CHECK(fits_storage(Sizes{2, 3}, Sizes{10, 4}, 16, 2, 40));
        CHECK_FALSE(fits_storage(Sizes{2, 3}, Sizes{10, 4}, 16, 2, 39));
    }
}

TEST_CASE("layout: the first fault decides") {
    CHECK(fault_of({2, 3}, {}, 32, 0, 24) == LayoutFault::none);
    CHECK(fault_of({2, 3}, {}, 0, 0, 24) == LayoutFault::bits);
    CHECK(fault_of({2, 3}, {}, 12, 0, 24) == LayoutFault::bits);
    CHECK(fault_of({two_to(62)}, {}, 32, 0, 24) == LayoutFault::shape);
    CHECK(fault_of({3}, {1, 2}, 4, 0, 0) == LayoutFault::part_byte);
    CHECK(fault_of({2, 3}, {3}, 32, 0, 0) == LayoutFault::stride);
    CHECK(fault_of({2, 4}, {1, 2}, 4, 0, 9) == LayoutFault::stride);
    CHECK(fault_of({2, 3}, {1, 2}, 32, 1, 24) == LayoutFault::range);
    CHECK(fault_of({2, 3}, {1, 2}, 32, 0, 23) == LayoutFault::range);
    CHECK(fault_of({2, 3}, {1, 2}, 32, 0, 24) == LayoutFault::none);
}

TEST_CASE("layout: texts") {
    CHECK(dims_text(Sizes{}) == "[]");
    CHECK(dims_text(Sizes{6, 3}) == "[6, 3]");
    CHECK(dims_text(Sizes(8, 1)) == "[1, 1, 1, 1, 1, 1, 1, 1]");
    CHECK(dims_text(Sizes(9, 1)) == "[1, 1, 1, 1, 1, 1, 1, 1, ...]");
    for (int fault = 0; fault <= static_cast<int>(LayoutFault::range); ++fault) {
        CHECK_FALSE(describe(static_cast<LayoutFault>(fault)).empty());
    }
}
