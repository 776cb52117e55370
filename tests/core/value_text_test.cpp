#include <doctest/doctest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

// The expected texts are those of Python 3.12, where nothing has to be escaped.

using namespace milepost;

namespace {

/// A list in a list, `depth` in all.
Value nested(std::size_t depth) {
    Value value = List{};
    for (std::size_t i = 1; i < depth; ++i)
        value = List{{value}};
    return value;
}

}  // namespace

TEST_CASE("value text: null, bool and ints of any width") {
    CHECK(to_string(Value()) == "None");
    CHECK(to_string(true) == "True");
    CHECK(to_string(false) == "False");
    CHECK(to_string(0) == "0");
    CHECK(to_string(-256) == "-256");
    CHECK(to_string(INT64_MIN) == "-9223372036854775808");
    CHECK(to_string(UINT64_MAX) == "18446744073709551615");
    Integer wide;
    wide.bytes.assign(16, std::byte{0});
    wide.bytes.push_back(std::byte{1});
    CHECK(to_string(wide) == "340282366920938463463374607431768211456");
    wide.bytes.back() = std::byte{0xFF};
    CHECK(to_string(wide) == "-340282366920938463463374607431768211456");
    CHECK(to_string(Integer{}) == "0");
}

TEST_CASE("value text: floats and complex numbers") {
    CHECK(to_string(0.001) == "0.001");
    CHECK(to_string(1e-8) == "1e-08");
    CHECK(to_string(3.0) == "3.0");
    CHECK(to_string(-0.0) == "-0.0");
    CHECK(to_string(1e15) == "1000000000000000.0");
    CHECK(to_string(1e16) == "1e+16");
    CHECK(to_string(0.1 + 0.2) == "0.30000000000000004");
    CHECK(to_string(-std::numeric_limits<double>::infinity()) == "-inf");
    CHECK(to_string(-std::nan("")) == "nan");
    CHECK(to_string(std::complex<double>(1, 2)) == "(1+2j)");
    CHECK(to_string(std::complex<double>(0, 2.5)) == "2.5j");
    CHECK(to_string(std::complex<double>(1.5, -2)) == "(1.5-2j)");
    CHECK(to_string(std::complex<double>(-0.0, 2)) == "(-0+2j)");
}

TEST_CASE("value text: strings in quotes, escaped") {
    CHECK(to_string("it") == "'it'");
    CHECK(to_string("it's") == "\"it's\"");
    CHECK(to_string("'\"") == R"('\'"')");
    CHECK(to_string("a\\b\n") == R"('a\\b\u{a}')");
    CHECK(to_string("a\xff") == R"('a\xff')");
    CHECK(to_string("h\u00e9\u20ac\U0001F600") == "'h\u00e9\u20ac\U0001F600'");
    CHECK(to_string(String{"torch.float32", StringSubtype::dtype}) == "torch.float32");
    CHECK(to_string(String{"torch.\n", StringSubtype::layout}) == R"(torch.\u{a})");
    CHECK(to_string(String{"cpu", StringSubtype::device}) == "device(type='cpu')");
    CHECK(to_string(String{"cuda:1", StringSubtype::device}) == "device(type='cuda', index=1)");
}

TEST_CASE("value text: bytes") {
    const std::vector<std::byte> bytes = {std::byte{0}, std::byte{'a'}, std::byte{0xFF}, std::byte{'\''}};
    CHECK(to_string(Bytes{bytes}) == R"(b"\x00a\xff'")");
    const std::vector<std::byte> quotes = {std::byte{'"'}, std::byte{'\''}, std::byte{'\''}, std::byte{'\\'}};
    CHECK(to_string(Bytes{quotes}) == R"(b'"\'\'\\')");
    CHECK(to_string(Bytes{{}, BytesSubtype::bytearray}) == "bytearray(b'')");
}

TEST_CASE("value text: lists, tuples, sets, dicts") {
    CHECK(to_string(List{{1, 2.0, nullptr}}) == "[1, 2.0, None]");
    CHECK(to_string(List{}) == "[]");
    CHECK(to_string(Tuple{{0.9, 0.999}}) == "(0.9, 0.999)");
    CHECK(to_string(Tuple{{1}}) == "(1,)");
    CHECK(to_string(Tuple{}) == "()");
    CHECK(to_string(Tuple{{3, 4}, TupleSubtype::size}) == "torch.Size([3, 4])");
    CHECK(to_string(Tuple{{}, TupleSubtype::size}) == "torch.Size([])");
    CHECK(to_string(Set{}) == "set()");
    CHECK(to_string(Set{{1, 2}}) == "{1, 2}");
    Dict dict;
    CHECK(to_string(dict) == "{}");
    dict.items.emplace_back("a", List{{1, Tuple{{2}}}});
    dict.items.emplace_back(2, nullptr);
    dict.attributes.emplace_back("hidden", 1);
    CHECK(to_string(dict) == "{'a': [1, (2,)], 2: None}");
    dict.subtype = DictSubtype::ordered_dict;
    CHECK(to_string(dict) == "OrderedDict({'a': [1, (2,)], 2: None})");
    CHECK(to_string(Dict{{}, {}, DictSubtype::ordered_dict}) == "OrderedDict()");
    CHECK(to_string(Dict{{}, {}, DictSubtype::counter}) == "Counter()");
}

TEST_CASE("value text: tensors are their dtype and shape") {
    const std::vector<float> floats(6);
    const std::vector<std::int64_t> ints(1);
    CHECK(to_string(TensorView::of(std::span(floats), {2, 3})) == "f32[2, 3]");
    CHECK(to_string(TensorView::of(std::span(floats), {1, 1, 1, 1, 1, 1, 1, 1, 1, 6})) ==
          "f32[1, 1, 1, 1, 1, 1, 1, 1, 1, 6]");
    CHECK(to_string(TensorView::of(std::span(ints), {})) == "i64[]");
    CHECK(to_string(List{{TensorView::of(std::span(floats), {6}), 1}}) == "[f32[6], 1]");
}

TEST_CASE("value text: what is nested deeper than 64 levels is not shown") {
    CHECK(to_string(nested(64)) == std::string(64, '[') + std::string(64, ']'));
    CHECK(to_string(nested(65)) == std::string(64, '[') + "..." + std::string(64, ']'));
    CHECK(to_string(nested(1000)) == std::string(64, '[') + "..." + std::string(64, ']'));
}

TEST_CASE("value text: cut at the limit, not within an escape") {
    CHECK(to_string("abc", 5) == "'abc'");
    CHECK(to_string("abcd", 5) == "'a...");
    CHECK(to_string("a\nb", 9) == "'a\\u{a}b'");
    CHECK(to_string("\n\nb", 9) == "'\\u{a}...");
    CHECK(to_string("a\n", 7) == "'a...");
    CHECK(to_string("\u00e9\u00e9\u00e9", 5) == "'\u00e9\u00e9\u00e9'");
    CHECK(to_string(List{{1, 2, 3, 4}}, 12) == "[1, 2, 3, 4]");
    CHECK(to_string(List{{1, 2, 3, 4}}, 11) == "[1, 2, 3...");
    CHECK(to_string(UINT64_MAX, 10) == "1844674...");
    CHECK(to_string(Bytes{std::vector<std::byte>(100)}, 10) == "b'\\x00...");
    CHECK(to_string(List{{1, 2}}, 0) == "...");
    CHECK(to_string(1, 0) == "1");
}

TEST_CASE("value text: a long value is not written in full only to be cut") {
    const Value value = List{std::vector<Value>(1'000, std::string(10'000, 'a'))};
    CHECK(to_string(value, 60) == "['" + std::string(55, 'a') + "...");
}

TEST_CASE("names of codecs and roles") {
    CHECK(name(Codec::raw) == "raw");
    CHECK(name(Codec::zstd) == "zstd");
    CHECK(name(Codec::automatic) == "automatic");
    CHECK(name(static_cast<Codec>(77)) == "unknown");
    CHECK(name(Role::plain) == "plain");
    CHECK(name(Role::parameter) == "parameter");
    CHECK(name(Role::buffer) == "buffer");
    CHECK(name(static_cast<Role>(77)) == "unknown");
}
