#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/elements.hpp>

namespace {

using namespace milepost;

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& elements) {
    return std::as_bytes(std::span(elements));
}

template <class T>
std::vector<double> doubles(Dtype dtype, const std::vector<T>& elements) {
    std::vector<double> numbers;
    append_doubles(dtype, bytes_of(elements), numbers);
    return numbers;
}

double number(Dtype dtype, std::uint8_t bits) {
    const auto numbers =
        doubles(dtype, std::vector<std::uint8_t>{bits, 0, 0});  // three bytes: four of 6 bits
    return numbers.empty() ? -1 : numbers.front();
}

template <class T>
std::vector<std::int64_t> ranks(Dtype dtype, const std::vector<T>& elements) {
    std::vector<std::int64_t> found;
    append_ranks(dtype, bytes_of(elements), found);
    return found;
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::uint16_t> all_16_bits() {
    std::vector<std::uint16_t> all;
    for (std::uint32_t bits = 0; bits < 65536; ++bits)
        all.push_back(static_cast<std::uint16_t>(bits));
    return all;
}

}  // namespace

TEST_CASE("elements: half precision is what a cast makes of it") {
    const auto all = all_16_bits();
    for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
        std::vector<double> expected(all.size());
        cast_elements(dtype, bytes_of(all), Dtype::f64, std::as_writable_bytes(std::span(expected)));
        const auto numbers = doubles(dtype, all);
        REQUIRE(numbers.size() == expected.size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            CAPTURE(i);
            if (std::isnan(expected[i])) {
                REQUIRE(std::isnan(numbers[i]));
            } else {
                REQUIRE(numbers[i] == expected[i]);
                REQUIRE(std::signbit(numbers[i]) == std::signbit(expected[i]));
            }
        }
    }
}

TEST_CASE("elements: the least, the largest and the special numbers of small floats") {
    struct Row {
        Dtype dtype;
        std::uint8_t least, one, largest;  // their bits
        double least_number, largest_number;
    };
    const Row rows[] = {
        {Dtype::f8_e4m3fn, 0x01, 0x38, 0x7e, 0x1p-9, 448},
        {Dtype::f8_e5m2, 0x01, 0x3c, 0x7b, 0x1p-16, 57344},
        {Dtype::f8_e4m3fnuz, 0x01, 0x40, 0x7f, 0x1p-10, 240},
        {Dtype::f8_e5m2fnuz, 0x01, 0x40, 0x7f, 0x1p-17, 57344},
        {Dtype::f8_e8m0fnu, 0x00, 0x7f, 0xfe, 0x1p-127, 0x1p127},
        {Dtype::f8_e3m4, 0x01, 0x30, 0x6f, 0x1p-6, 15.5},
        {Dtype::f8_e4m3, 0x01, 0x38, 0x77, 0x1p-9, 240},
        {Dtype::f8_e4m3b11fnuz, 0x01, 0x58, 0x7f, 0x1p-13, 30},
        {Dtype::f6_e2m3fn, 0x01, 0x08, 0x1f, 0.125, 7.5},
        {Dtype::f6_e3m2fn, 0x01, 0x0c, 0x1f, 0.0625, 28},
        {Dtype::f4_e2m1fn, 0x01, 0x02, 0x07, 0.5, 6},
    };
    for (const Row& row : rows) {
        CAPTURE(row.dtype);
        CHECK(number_kind(row.dtype) == NumberKind::floating);
        CHECK(number(row.dtype, row.least) == row.least_number);
        CHECK(number(row.dtype, row.one) == 1);
        CHECK(number(row.dtype, row.largest) == row.largest_number);
    }
    CHECK(std::isnan(number(Dtype::f8_e4m3fn, 0x7f)));
    CHECK(std::isnan(number(Dtype::f8_e4m3fn, 0xff)));
    CHECK(number(Dtype::f8_e5m2, 0xfc) == -kInfinity);
    CHECK(std::isnan(number(Dtype::f8_e5m2, 0x7d)));
    CHECK(std::isnan(number(Dtype::f8_e4m3fnuz, 0x80)));
    CHECK(std::isnan(number(Dtype::f8_e5m2fnuz, 0x80)));
    CHECK(std::isnan(number(Dtype::f8_e4m3b11fnuz, 0x80)));
    CHECK(std::isnan(number(Dtype::f8_e8m0fnu, 0xff)));
    CHECK(number(Dtype::f8_e3m4, 0x70) == kInfinity);
    CHECK(std::isnan(number(Dtype::f8_e3m4, 0x71)));
    CHECK(number(Dtype::f8_e4m3, 0x78) == kInfinity);
    CHECK(number(Dtype::f6_e2m3fn, 0x3f) == -7.5);
    CHECK(number(Dtype::f4_e2m1fn, 0x0f) == -6);
}

TEST_CASE("elements: packed ones come lowest bits first") {
    CHECK(doubles(Dtype::f4_e2m1fn, std::vector<std::uint8_t>{0x72, 0x9f}) ==
          std::vector<double>{1, 6, -6, -0.5});
    // 6 bits each: 0x08, 0x1f, 0x20, 0x3f.
    CHECK(doubles(Dtype::f6_e2m3fn, std::vector<std::uint8_t>{0xc8, 0x07, 0xfe}) ==
          std::vector<double>{1, 7.5, -0.0, -7.5});
}

TEST_CASE("elements: integers, bools and complex numbers") {
    CHECK(doubles(Dtype::boolean, std::vector<std::uint8_t>{0, 1}) == std::vector<double>{0, 1});
    CHECK(doubles(Dtype::i8, std::vector<std::int8_t>{-128, 127}) == std::vector<double>{-128, 127});
    CHECK(doubles(Dtype::u8, std::vector<std::uint8_t>{255}) == std::vector<double>{255});
    CHECK(doubles(Dtype::i16, std::vector<std::int16_t>{-32768}) == std::vector<double>{-32768});
    CHECK(doubles(Dtype::u16, std::vector<std::uint16_t>{65535}) == std::vector<double>{65535});
    CHECK(doubles(Dtype::i32, std::vector<std::int32_t>{INT32_MIN}) == std::vector<double>{-0x1p31});
    CHECK(doubles(Dtype::u32, std::vector<std::uint32_t>{UINT32_MAX}) == std::vector<double>{0x1p32 - 1});
    CHECK(doubles(Dtype::i64, std::vector<std::int64_t>{INT64_MIN}) == std::vector<double>{-0x1p63});
    CHECK(doubles(Dtype::u64, std::vector<std::uint64_t>{UINT64_MAX}) == std::vector<double>{0x1p64});
    CHECK(doubles(Dtype::c64, std::vector<float>{1, -2}) == std::vector<double>{1, -2});
    CHECK(doubles(Dtype::c128, std::vector<double>{3, 4}) == std::vector<double>{3, 4});
    CHECK(numbers_per_element(Dtype::c64) == 2);
    CHECK(numbers_per_element(Dtype::f4_e2m1fn) == 1);
    CHECK(number_kind(Dtype::boolean) == NumberKind::boolean);
    CHECK(number_kind(Dtype::u64) == NumberKind::integer);
    CHECK(number_kind(Dtype::c128) == NumberKind::complex);
    CHECK(number_kind(static_cast<Dtype>(128)) == NumberKind::none);  // a block of ggml
}

TEST_CASE("elements: neighbours are one rank apart") {
    for (const Dtype dtype : {Dtype::f16, Dtype::bf16}) {
        const auto all = ranks(dtype, all_16_bits());
        REQUIRE(all.size() == 65536);
        CHECK(all[0] == all[0x8000]);  // 0.0 and -0.0
        for (std::size_t i = 1; i < 0x8000; ++i) {
            REQUIRE(all[i] == all[i - 1] + 1);
            REQUIRE(all[0x8000 + i] == all[0x8000 + i - 1] - 1);
        }
    }
    const double above = std::nextafter(1.0, 2.0), below = std::nextafter(1.0, 0.0);
    const auto near = ranks(Dtype::f64, std::vector<double>{below, 1.0, above});
    CHECK(near[1] - near[0] == 1);
    CHECK(near[2] - near[1] == 1);
    CHECK(ranks(Dtype::c64, std::vector<float>{1, -1}).size() == 2);
    CHECK(ranks(Dtype::i32, std::vector<std::int32_t>{1}).empty());
    const auto scales = ranks(Dtype::f8_e8m0fnu, std::vector<std::uint8_t>{0x00, 0xfe});
    CHECK(scales[1] - scales[0] == 0xfe);
}
