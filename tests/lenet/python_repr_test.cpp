#include "python_repr.hpp"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "python_text.hpp"

// What Python 3.12 prints for the same values.

using lenet::python_repr;
using milepost::Value;

TEST_CASE("repr: floats") {
    CHECK(python_repr(Value(0.001)) == "0.001");
    CHECK(python_repr(Value(0.9)) == "0.9");
    CHECK(python_repr(Value(0.0001)) == "0.0001");
    CHECK(python_repr(Value(0.00001)) == "1e-05");
    CHECK(python_repr(Value(1e-8)) == "1e-08");
    CHECK(python_repr(Value(1.5e-7)) == "1.5e-07");
    CHECK(python_repr(Value(1e6)) == "1000000.0");
    CHECK(python_repr(Value(9007199254740994.0)) == "9007199254740994.0");
    CHECK(python_repr(Value(1e15)) == "1000000000000000.0");
    CHECK(python_repr(Value(1e16)) == "1e+16");
    CHECK(python_repr(Value(1.7976931348623157e308)) == "1.7976931348623157e+308");
    CHECK(python_repr(Value(5e-324)) == "5e-324");
    CHECK(python_repr(Value(0.0)) == "0.0");
    CHECK(python_repr(Value(-0.0)) == "-0.0");
    CHECK(python_repr(Value(1.0)) == "1.0");
    CHECK(python_repr(Value(0.1 + 0.2)) == "0.30000000000000004");
    CHECK(python_repr(Value(std::numeric_limits<double>::infinity())) == "inf");
    CHECK(python_repr(Value(-std::numeric_limits<double>::infinity())) == "-inf");
    CHECK(python_repr(Value(-std::nan(""))) == "nan");
}

TEST_CASE("repr: None, bool and ints of any width") {
    CHECK(python_repr(Value()) == "None");
    CHECK(python_repr(Value(true)) == "True");
    CHECK(python_repr(Value(false)) == "False");
    CHECK(python_repr(Value(0)) == "0");
    CHECK(python_repr(Value(-1)) == "-1");
    CHECK(python_repr(Value(255)) == "255");
    CHECK(python_repr(Value(-256)) == "-256");
    CHECK(python_repr(Value(INT64_MIN)) == "-9223372036854775808");
    CHECK(python_repr(Value(UINT64_MAX)) == "18446744073709551615");
    milepost::Integer wide;
    wide.bytes.assign(16, std::byte{0});
    wide.bytes.push_back(std::byte{1});
    CHECK(python_repr(Value(wide)) == "340282366920938463463374607431768211456");
    wide.bytes.back() = std::byte{0xFF};
    CHECK(python_repr(Value(wide)) == "-340282366920938463463374607431768211456");
}

TEST_CASE("repr: complex") {
    CHECK(python_repr(Value(std::complex<double>(1, 2))) == "(1+2j)");
    CHECK(python_repr(Value(std::complex<double>(0, 2.5))) == "2.5j");
    CHECK(python_repr(Value(std::complex<double>(1.5, -2))) == "(1.5-2j)");
    CHECK(python_repr(Value(std::complex<double>(-0.0, 2))) == "(-0+2j)");
}

TEST_CASE("repr: strings") {
    CHECK(python_repr(Value("it")) == "'it'");
    CHECK(python_repr(Value("it's")) == "\"it's\"");
    CHECK(python_repr(Value("'\"")) == R"('\'"')");
    CHECK(python_repr(Value("a\\b\n\t\r")) == R"('a\\b\n\t\r')");
    CHECK(python_repr(Value("\x1b[2J\x7f")) == R"('\x1b[2J\x7f')");
    CHECK(python_repr(Value("h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80")) ==
          "'h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80'");
    CHECK(python_repr(Value("\xC2\x9B\xC2\xAD\xE2\x80\xAE")) == R"('\x9b\xad\u202e')");
    CHECK(python_repr(Value(milepost::String{"torch.float32", milepost::StringFlavour::dtype})) ==
          "torch.float32");
    CHECK(python_repr(Value(milepost::String{"cpu", milepost::StringFlavour::device})) ==
          "device(type='cpu')");
    CHECK(python_repr(Value(milepost::String{"cuda:1", milepost::StringFlavour::device})) ==
          "device(type='cuda', index=1)");
}

TEST_CASE("repr: bytes") {
    const std::vector<std::byte> bytes = {std::byte{0}, std::byte{'a'}, std::byte{0xFF}, std::byte{'\''}};
    CHECK(python_repr(Value(milepost::Bytes{bytes})) == R"(b"\x00a\xff'")");
    const std::vector<std::byte> quotes = {std::byte{'"'}, std::byte{'\''}};
    CHECK(python_repr(Value(milepost::Bytes{quotes})) == R"(b'"\'')");
    CHECK(python_repr(Value(milepost::Bytes{{}, milepost::BytesFlavour::bytearray})) == "bytearray(b'')");
}

TEST_CASE("repr: lists, tuples, sets, dicts") {
    CHECK(python_repr(Value(milepost::List{{1, 2.0, nullptr}})) == "[1, 2.0, None]");
    CHECK(python_repr(Value(milepost::List{})) == "[]");
    CHECK(python_repr(Value(milepost::Tuple{{0.9, 0.999}})) == "(0.9, 0.999)");
    CHECK(python_repr(Value(milepost::Tuple{{1}})) == "(1,)");
    CHECK(python_repr(Value(milepost::Tuple{})) == "()");
    CHECK(python_repr(Value(milepost::Tuple{{3, 4}, milepost::TupleFlavour::size})) == "torch.Size([3, 4])");
    CHECK(python_repr(Value(milepost::Set{})) == "set()");
    CHECK(python_repr(Value(milepost::Set{{1, 2}})) == "{1, 2}");
    milepost::Dict dict;
    CHECK(python_repr(Value(dict)) == "{}");
    dict.items.emplace_back("a", milepost::List{{1}});
    dict.items.emplace_back(2, nullptr);
    CHECK(python_repr(Value(dict)) == "{'a': [1], 2: None}");
    dict.subtype = milepost::DictFlavour::ordered_dict;
    CHECK(python_repr(Value(dict)) == "OrderedDict({'a': [1], 2: None})");
    CHECK(python_repr(Value(milepost::Dict{{}, {}, milepost::DictFlavour::counter})) == "Counter()");
}

TEST_CASE("repr: tensors without their elements") {
    const std::vector<float> floats(6);
    const std::vector<std::int64_t> ints(1);
    CHECK(python_repr(Value(milepost::TensorView::of(std::span(floats), {2, 3}))) ==
          "tensor(..., size=(2, 3))");
    CHECK(python_repr(Value(milepost::TensorView::of(std::span(floats), {6}))) == "tensor(..., size=(6,))");
    CHECK(python_repr(Value(milepost::TensorView::of(std::span(ints), {}))) ==
          "tensor(..., size=(), dtype=torch.int64)");
    CHECK(python_repr(milepost::Shape{6, 3, 5, 5}) == "torch.Size([6, 3, 5, 5])");
    CHECK(python_repr(milepost::Shape{}) == "torch.Size([])");
}

TEST_CASE("repr: an optimizer, its groups with keys where they were found") {
    milepost::OptimizerState optimizer;
    CHECK(lenet::python_repr_state(optimizer) == "{}");
    CHECK(lenet::python_repr_groups(optimizer) == "[]");
    milepost::ParamGroup& group = optimizer.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.1;
    group.hyperparameters["momentum"] = 0;
    group.params = {0, 2};
    CHECK(lenet::python_repr_groups(optimizer) == "[{'lr': 0.1, 'momentum': 0, 'params': [0, 2]}]");
    group.param_names = {"a", "b"};
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'lr': 0.1, 'momentum': 0, 'param_names': ['a', 'b'], 'params': [0, 2]}]");
    group.param_names_position = 1;
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'lr': 0.1, 'param_names': ['a', 'b'], 'momentum': 0, 'params': [0, 2]}]");
    group.params_position = 0;
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'params': [0, 2], 'param_names': ['a', 'b'], 'lr': 0.1, 'momentum': 0}]");
    optimizer.state[2]["step"] = 3;
    optimizer.state[0]["step"] = 1.5;
    optimizer.state_extra["x"] = true;
    CHECK(lenet::python_repr_state(optimizer) == "{0: {'step': 1.5}, 2: {'step': 3}, 'x': True}");
}
