#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <string>
#include <utility>
#include <vector>

#include "core/integer.hpp"
#include "state_dicts/round_trip.hpp"
#include "state_dicts/values.hpp"
#include "support/samples.hpp"

// The edges of the value model, each saved and loaded.
namespace {

using namespace milepost;
using namespace milepost::state_dicts;
using testing::double_of;
using testing::one_value;

/// The value as it comes back.
Value loaded(Value value) {
    const Reader reader = check_round_trip(one_value(std::move(value)));
    auto found = reader.value("v");
    REQUIRE(found);
    return *std::move(found);
}

void check_integer(const Integer& number, const std::string& decimal) {
    CHECK(core::integer_text(number.bytes) == decimal);
    const Value found = loaded(number);
    REQUIRE(found.kind() == Kind::integer);
    CHECK(*found.get_if<Integer>() == number);
}

void check_bits(std::uint64_t bits) {
    const Value found = loaded(double_of(bits));
    REQUIRE(found.kind() == Kind::floating);
    CHECK(std::bit_cast<std::uint64_t>(*found.get_if<double>()) == bits);
    const Value complex = loaded(std::complex<double>(1.0, double_of(bits)));
    CHECK(std::bit_cast<std::uint64_t>(complex.get_if<std::complex<double>>()->imag()) == bits);
}

/// Levels that the value has, walked without recursion.
unsigned levels_of(const Value& value) {
    unsigned levels = 1;
    for (const Value* inner = &value; inner->kind() == Kind::list; ++levels)
        inner = &inner->get_if<List>()->items[0];
    return levels;
}

Value lists(unsigned levels) {
    Value value = 1;
    for (unsigned i = 1; i < levels; ++i) {
        List list;
        list.items.push_back(std::move(value));
        value = std::move(list);
    }
    return value;
}

}  // namespace

TEST_CASE("values: ints where one byte ends") {
    check_integer(near_power_of_two(7, false, -1), "127");
    check_integer(near_power_of_two(7, false, 0), "128");
    check_integer(near_power_of_two(7, true, 0), "-128");
    check_integer(near_power_of_two(7, true, 1), "-129");
}

TEST_CASE("values: ints where 64 bits end") {
    check_integer(near_power_of_two(63, false, -1), "9223372036854775807");
    check_integer(near_power_of_two(63, false, 0), "9223372036854775808");
    check_integer(near_power_of_two(63, true, 0), "-9223372036854775808");
    check_integer(near_power_of_two(63, true, 1), "-9223372036854775809");
    check_integer(near_power_of_two(64, false, -1), "18446744073709551615");
    check_integer(near_power_of_two(64, false, 0), "18446744073709551616");
}

TEST_CASE("values: ints of 255 bytes, and one too wide") {
    const Integer greatest = near_power_of_two(2039, false, -1), least = near_power_of_two(2039, true, 0);
    CHECK(greatest.bytes.size() == 255);
    CHECK(least.bytes.size() == 255);
    check_integer(greatest, core::integer_text(greatest.bytes));
    check_integer(least, core::integer_text(least.bytes));
    Integer wide = greatest;
    wide.bytes.push_back(std::byte{0x7F});
    CHECK_FALSE(testing::save_bytes(one_value(wide)));
}

TEST_CASE("values: numpy's PCG64 state, two ints of 128 bits") {
    const Integer state = testing::wide_integer(0x0123'4567'89AB'CDEFU, 0xFEDC'BA98'7654'3210U);
    const Value found = loaded(Dict{{{"state", state}, {"inc", near_power_of_two(127, false, 1)}}, {}});
    CHECK(*found.get_if<Dict>()->find("state")->get_if<Integer>() == state);
}

TEST_CASE("values: zeros of both signs, infinities, the least and the greatest float") {
    check_bits(0);
    check_bits(std::uint64_t{1} << 63U);
    check_bits(0x7FF0'0000'0000'0000U);
    check_bits(0xFFF0'0000'0000'0000U);
    check_bits(1);
    check_bits(0x7FEF'FFFF'FFFF'FFFFU);
}

TEST_CASE("values: NaNs, quiet and signalling, with sign and payload") {
    check_bits(0x7FF8'0000'0000'0000U);
    check_bits(0xFFF8'0000'00AB'CDEFU);
    check_bits(0x7FF0'0000'0000'0001U);
    check_bits(0xFFF7'FFFF'FFFF'FFFFU);
}

TEST_CASE("values: -0.0 as a key keeps its sign") {
    const Value found = loaded(Dict{{{-0.0, "negative"}}, {}});
    CHECK(std::signbit(*found.get_if<Dict>()->items[0].first.get_if<double>()));
}

TEST_CASE("values: one key to Python, one key here") {
    const StableVector<std::pair<Value, Value>> pairs = {
        {1, true}, {1, 1.0}, {0, -0.0}, {double_of(0x43E0'0000'0000'0000U), near_power_of_two(63, false, 0)}};
    for (const auto& [first, second] : pairs) {
        CHECK_FALSE(testing::save_bytes(one_value(Dict{{{first, 1}, {second, 2}}, {}})));
        CHECK_FALSE(testing::save_bytes(one_value(Set{{first, second}})));
    }
    (void)loaded(Dict{{{1, 1}, {"1", 2}, {1.5, 3}, {Bytes{{std::byte{0x31}}}, 4}, {Tuple{{1}}, 5}}, {}});
}

TEST_CASE("values: a Counter with int keys, as MultiStepLR's milestones") {
    const Value found = loaded(Dict{{{4, 2}, {2, 1}}, {}, DictSubtype::counter});
    const auto* milestones = found.get_if<Dict>();
    CHECK(milestones->subtype == DictSubtype::counter);
    CHECK(*milestones->items[0].first.as_int() == 4);
}

TEST_CASE("values: attributes of a dict are not its items, and nest") {
    Dict inner{{{"x", 1}}, {{"note", List{{nullptr}}}}, DictSubtype::ordered_dict};
    const Value found = loaded(Dict{{{"_metadata", "an item"}}, {{"_metadata", inner}}, DictSubtype::dict});
    const auto* dict = found.get_if<Dict>();
    CHECK(*dict->find("_metadata")->as_string() == "an item");
    CHECK(dict->attributes[0].second.get_if<Dict>()->attributes.size() == 1);
}

TEST_CASE("values: empty ones of every kind") {
    (void)loaded(
        List{{"", Bytes{}, Bytes{{}, BytesSubtype::bytearray}, List{}, Tuple{}, Tuple{{}, TupleSubtype::size},
              Set{}, Dict{}, Dict{{}, {}, DictSubtype::counter}, TensorView()}});
}

TEST_CASE("values: a lone surrogate is refused") {
    CHECK_FALSE(testing::save_bytes(one_value("\xED\xA0\x80")));
}

TEST_CASE("values: nested one less than the limit, as the limit, one more") {
    CHECK(levels_of(loaded(lists(kDeepest - 1))) == kDeepest - 1);
    CHECK(levels_of(loaded(lists(kDeepest))) == kDeepest);
    const auto deeper = testing::save_bytes(one_value(lists(kDeepest + 1)));
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().condition() == Condition::depth);
}

TEST_CASE("values: every way of nesting, as deep as the limit") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        Random random(seed);
        (void)loaded(nested(random, "innermost", kDeepest));
        CHECK_FALSE(testing::save_bytes(one_value(List{{nested(random, "innermost", kDeepest)}})));
    }
}

TEST_CASE("values: a limit that was raised lets a reader go deep, but not beyond 1000") {
    const Limits limits = {.max_depth = 200'000};
    const auto file = testing::save_bytes(one_value(lists(1000)), {.limits = limits});
    REQUIRE(file);
    CHECK(testing::open_bytes(*file).error().condition() == Condition::depth);
    const auto reader = testing::open_bytes(*file, {.limits = limits});
    REQUIRE(reader);
    CHECK(verify(*reader)->ok());
    const Checkpoint checkpoint = *reader->checkpoint();
    CHECK(levels_of(*checkpoint.values().find("v")) == 1000);
    CHECK((*testing::save_bytes(checkpoint, {.limits = limits}) == *file));
    const auto deeper = testing::save_bytes(one_value(lists(1001)), {.limits = limits});
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().condition() == Condition::depth);
}

TEST_CASE("unknown dtype: lists, verifies, copies and is saved again as bytes") {
    const Reader reader = check_round_trip(testing::unknown_dtype());
    const auto tensors = reader.tensors();
    REQUIRE(tensors.size() == 2);
    const TensorView& wide = tensors[0];
    CHECK(wide.dtype() == DtypeInfo{static_cast<Dtype>(100), 24, "i24"});
    CHECK(wide.strides() == Strides{1, 2});
    const auto storage = wide.storage().bytes(0, 24);
    const auto copy = wide.load();
    REQUIRE(storage);
    REQUIRE(copy);
    CHECK(copy->bytes()[3] == (*storage)[6]);  // element [0, 1] is the third one of the storage
    CHECK(tensors[1].bytes()->size() == 3);    // eight elements of three bits
    CHECK(wide.as<float>().error().condition() == Condition::dtype);
}

TEST_CASE("unknown dtype: one code with two descriptions is refused") {
    Checkpoint checkpoint = testing::unknown_dtype();
    static const std::array<std::byte, 4> kMemory{};
    checkpoint.values()["other"] =
        TensorView(DtypeInfo{static_cast<Dtype>(100), 32, "i24"}, {1}, StorageView(kMemory));
    CHECK(testing::save_bytes(checkpoint).error().condition() == Condition::layout);
}
