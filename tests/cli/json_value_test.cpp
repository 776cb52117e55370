#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>
#include <milepost/writer.hpp>

#include "json_value.hpp"

using namespace milepost;
using namespace milepost::cli;

namespace {

Integer integer(std::initializer_list<int> bytes) {
    Integer made;
    for (const int each : bytes)
        made.bytes.push_back(static_cast<std::byte>(each));
    return made;
}

constexpr std::uint64_t kExact = std::uint64_t{1} << 53U;

}  // namespace

TEST_CASE("json: sizes beyond 2^53 are strings") {
    CHECK(number_json(kExact - 1).dump() == "9007199254740991");
    CHECK(number_json(kExact).dump() == "9007199254740992");
    CHECK(number_json(kExact + 1).dump() == "\"9007199254740993\"");
    CHECK(number_json(UINT64_MAX).dump() == "\"18446744073709551615\"");
}

TEST_CASE("json: ints beyond 2^53, either sign, are strings") {
    CHECK(dump(value_json(3)) == R"({"kind":"int","value":3})");
    CHECK(dump(value_json(-1)) == R"({"kind":"int","value":-1})");
    CHECK(dump(value_json(kExact)) == R"({"kind":"int","value":9007199254740992})");
    CHECK(dump(value_json(kExact + 1)) == R"({"kind":"int","value":"9007199254740993"})");
    CHECK(dump(value_json(-static_cast<std::int64_t>(kExact))) ==
          R"({"kind":"int","value":-9007199254740992})");
    CHECK(dump(value_json(-static_cast<std::int64_t>(kExact) - 1)) ==
          R"({"kind":"int","value":"-9007199254740993"})");
    CHECK(dump(value_json(integer({0, 0, 0, 0, 0, 0, 0, 0, 1}))) ==
          R"({"kind":"int","value":"18446744073709551616"})");
}

TEST_CASE("json: finite floats give the number back and differ from ints") {
    CHECK(dump(value_json(3.0)) == R"({"kind":"float","value":3.0})");
    CHECK(dump(value_json(-0.0)) == R"({"kind":"float","value":-0.0})");
    CHECK(dump(value_json(0.1)) == R"({"kind":"float","value":0.1})");
    for (const double number : {5e-324, std::numeric_limits<double>::max(), 0.1 + 0.2, 1e22, 1e23}) {
        CHECK(Json::parse(dump(value_json(number)))["value"].get<double>() == number);
    }
}

TEST_CASE("json: infinities are strings, NaN has its bits") {
    const double infinity = std::numeric_limits<double>::infinity();
    CHECK(dump(value_json(infinity)) == R"({"kind":"float","value":"inf"})");
    CHECK(dump(value_json(-infinity)) == R"({"kind":"float","value":"-inf"})");
    CHECK(dump(value_json(std::bit_cast<double>(0x7FF8000000000001ULL))) ==
          R"({"kind":"float","value":"nan","bits":"7ff8000000000001"})");
    CHECK(dump(value_json(std::bit_cast<double>(0xFFF0000000ABCDEFULL))) ==
          R"({"kind":"float","value":"nan","bits":"fff0000000abcdef"})");
}

TEST_CASE("json: complex numbers are two floats") {
    const std::complex<double> number(1.5, -std::numeric_limits<double>::infinity());
    CHECK(dump(value_json(number)) ==
          R"({"kind":"complex","real":{"kind":"float","value":1.5},"imag":{"kind":"float","value":"-inf"}})");
}

TEST_CASE("json: null, bool and strings with their subtypes") {
    CHECK(dump(value_json(Value())) == R"({"kind":"null"})");
    CHECK(dump(value_json(true)) == R"({"kind":"bool","value":true})");
    CHECK(dump(value_json("a\"b\u00e9")) == "{\"kind\":\"string\",\"value\":\"a\\\"b\u00e9\"}");
    CHECK(dump(value_json(String{"torch.float32", StringSubtype::dtype})) ==
          R"({"kind":"string","value":"torch.float32","subtype":"dtype"})");
    CHECK(dump(value_json(String{"cpu", StringSubtype::device})) ==
          R"({"kind":"string","value":"cpu","subtype":"device"})");
    CHECK(dump(value_json(String{"torch.strided", StringSubtype::layout})) ==
          R"({"kind":"string","value":"torch.strided","subtype":"layout"})");
}

TEST_CASE("json: bytes as hex") {
    CHECK(dump(value_json(Bytes{{std::byte{0x00}, std::byte{0xAF}}, BytesSubtype::bytes})) ==
          R"({"kind":"bytes","hex":"00af"})");
    CHECK(dump(value_json(Bytes{{}, BytesSubtype::bytearray})) ==
          R"({"kind":"bytes","hex":"","subtype":"bytearray"})");
}

TEST_CASE("json: lists, tuples and sets keep their order") {
    CHECK(dump(value_json(List{{Value(2), Value("a")}})) ==
          R"({"kind":"list","items":[{"kind":"int","value":2},{"kind":"string","value":"a"}]})");
    CHECK(dump(value_json(List{})) == R"({"kind":"list","items":[]})");
    CHECK(dump(value_json(Tuple{{Value(1)}, TupleSubtype::tuple})) ==
          R"({"kind":"tuple","items":[{"kind":"int","value":1}]})");
    CHECK(dump(value_json(Tuple{{}, TupleSubtype::size})) ==
          R"({"kind":"tuple","items":[],"subtype":"Size"})");
    CHECK(dump(value_json(Set{{Value(1)}})) == R"({"kind":"set","items":[{"kind":"int","value":1}]})");
}

TEST_CASE("json: dicts are pairs, so that keys of any kind and their order are kept") {
    Dict dict;
    dict.items.emplace_back(Value("b"), Value(1));
    dict.items.emplace_back(Value(0), Value("a"));
    CHECK(dump(value_json(dict)) ==
          R"({"kind":"dict","items":[[{"kind":"string","value":"b"},{"kind":"int","value":1}],)"
          R"([{"kind":"int","value":0},{"kind":"string","value":"a"}]]})");
    dict.items.clear();
    dict.subtype = DictSubtype::counter;
    CHECK(dump(value_json(dict)) == R"({"kind":"dict","items":[],"subtype":"Counter"})");
    dict.subtype = DictSubtype::ordered_dict;
    dict.attributes.emplace_back(Value("x"), Value());
    CHECK(dump(value_json(dict)) ==
          R"({"kind":"dict","items":[],"subtype":"OrderedDict","attributes":)"
          R"({"kind":"dict","items":[[{"kind":"string","value":"x"},{"kind":"null"}]]}})");
}

TEST_CASE("json: a tensor is its number") {
    const char* const path = "json_value_test.milepost";
    Checkpoint checkpoint;
    checkpoint.values()["a"] = TensorView();
    checkpoint.values()["b"] = TensorView();
    REQUIRE(save(path, checkpoint));
    const auto file = Reader::open(path);
    std::remove(path);
    REQUIRE(file);
    CHECK(dump(value_json(file->tensor("b").value())) == R"({"kind":"tensor","tensor":1})");
}

TEST_CASE("json: what could act on a terminal is escaped, and reads back the same") {
    const std::string text = "\x1b\x7f\u009b\u202e\ufeff\U000E0041 \u00e9\U0001F600";
    const std::string dumped = dump(Json(text));
    CHECK(dumped == "\"\\u001b\\u007f\\u009b\\u202e\\ufeff\\udb40\\udc41 \u00e9\U0001F600\"");
    CHECK(Json::parse(dumped).get<std::string>() == text);
}

TEST_CASE("json: bytes that are not UTF-8 are replaced") {
    CHECK(dump(Json("a\xff")) == "\"a\ufffd\"");
}
