#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"
#include "pickle_text.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_view_literals;

std::string repeated(std::string_view text, std::size_t times) {
    std::string made;
    for (std::size_t i = 0; i < times; ++i)
        made += text;
    return made;
}

}  // namespace

TEST_CASE("pickle: plain objects") {
    CHECK(text_of("N") == "None");
    CHECK(text_of("(\x88\x89t") == "(True, False)");
    CHECK(text_of("(K\x01M\x00\x01J\xff\xff\xff\xff\x8a\x00\x8a\x02\x00\x80t"sv) ==
          "(1, 256, -1, 0, -32768)");
    CHECK(text_of("\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x80\x00"sv) == "9223372036854775808");
    CHECK(text_of("\x8b\x03\x00\x00\x00\xff\xff\xff"sv) == "-1");
    CHECK(text_of("G\x3f\xf0\x00\x00\x00\x00\x00\x00"sv) == "1.0");
    CHECK(text_of(pickled_text("it's")) == "\"it's\"");
    CHECK(text_of("(\x8c\x01x\x8d\x01\0\0\0\0\0\0\0yU\x01zt"sv) == "('x', 'y', 'z')");
    CHECK(text_of("(C\x01x\x42\x01\0\0\0y\x96\x01\0\0\0\0\0\0\0zt"sv) == "(b'x', b'y', bytearray(b'z'))");
    CHECK(text_of("](K\x01K\x02\x65K\x03\x61") == "[1, 2, 3]");
    CHECK(text_of("(K\x01\x85K\x01K\x02\x86K\x01K\x02K\x03\x87)t") == "((1,), (1, 2), (1, 2, 3), ())");
    CHECK(text_of("}(K\x01K\x02uK\x03K\x04s") == "{1: 2, 3: 4}");
    CHECK(text_of("\x8f(K\x01K\x02\x90") == "{1, 2}");
    CHECK(text_of("]q\x01K\x01\x61h\x01\x86") == text_of("(]K\x01\x61]K\x01\x61t"));
    CHECK(text_of("]\x94K\x01\x61h\x00\x86"sv) == "([1], [1])");
    CHECK(text_of("\x95\x01\0\0\0\0\0\0\0N"sv) == "None");
    CHECK(text_of("NN0") == "None");
    CHECK(text_of("N(NN1") == "None");
}

TEST_CASE("pickle: objects of the table of globals") {
    CHECK(text_of(pickled_call("collections", "OrderedDict")) == "OrderedDict()");
    CHECK(text_of(pickled_call("collections", "OrderedDict", "](K\x01K\x02\x86\x65")) ==
          "OrderedDict({1: 2})");
    CHECK(text_of(pickled_call("collections", "Counter", "}K\x01K\x02s")) == "Counter({1: 2})");
    CHECK(text_of(pickled_call("__builtin__", "set", "]K\x01\x61")) == "{1}");
    CHECK(text_of(pickled_call("builtins", "complex", "G\x3f\xf0\0\0\0\0\0\0K\x02"sv)) == "(1+2j)");
    CHECK(text_of(pickled_call("_codecs", "encode", pickled_text("\xc3\xbfz") + pickled_text("latin1"))) ==
          "b'\\xffz'");
    CHECK(text_of(pickled_call("__builtin__", "bytearray", pickled_text("z") + pickled_text("latin-1"))) ==
          "bytearray(b'z')");
    CHECK(text_of(pickled_call("__builtin__", "bytes")) == "b''");
    CHECK(text_of(pickled_call("torch", "Size", "(K\x01K\x02t")) == "torch.Size([1, 2])");
    CHECK(text_of(pickled_call("torch", "device", pickled_text("cuda") + "K\x01")) ==
          "device(type='cuda', index=1)");
    CHECK(text_of(pickled_call("torch.serialization", "_get_layout", pickled_text("torch.strided"))) ==
          "torch.strided");
    CHECK(text_of(pickled_global("torch", "float8_e4m3fn")) == "torch.float8_e4m3fn");
    CHECK(text_of(pickled_text("torch") + pickled_text("bool") + "\x93") == "torch.bool");
    CHECK(text_of(pickled_global("torch", "Size") + ")\x81") == "torch.Size([])");
    const std::string scalar = pickled_call("numpy", "dtype", pickled_text("f8") + "\x89\x88") + "C\x08" +
                               std::string("\0\0\0\0\0\0\xf0\x3f", 8);
    CHECK(text_of(pickled_call("numpy.core.multiarray", "scalar", scalar)) == "1.0");
}

TEST_CASE("pickle: attributes of dicts are data, and nothing else") {
    FakeStorages storages;
    const std::string attribute =
        pickled_call("collections", "OrderedDict") + "}" + pickled_text("_metadata") + "}s";
    const auto value = unpickled_value(attribute + "b", storages);
    REQUIRE(value);
    REQUIRE(value->get_if<Dict>()->attributes.size() == 1);
    CHECK(outcome_of(pickled_call("collections", "OrderedDict") + "}" + pickled_text("__setstate__") +
                     "Nsb") == "unsupported/feature");
    CHECK(outcome_of(pickled_call("collections", "OrderedDict") + "}K\x01Nsb") == "unsupported/feature");
    CHECK(outcome_of(pickled_call("collections", "OrderedDict") + "}N\x86\x62") == "corrupt/foreign");
    CHECK(outcome_of("}}b") == "corrupt/foreign");
    CHECK(outcome_of("]}b") == "corrupt/foreign");
    CHECK(outcome_of(pickled_global("torch", "Size") + "}b") == "corrupt/foreign");
}

TEST_CASE("pickle: of keys that Python holds equal the first stays, with the last value") {
    CHECK(text_of("}(K\x01K\x0aK\x02K\x0bG\x3f\xf0\0\0\0\0\0\0K\x0c\x88K\x0du"sv) == "{1: 13, 2: 11}");
    CHECK(text_of("}(" + std::string("G\x43\xe0\0\0\0\0\0\0", 9) + "K\x01" +
                  std::string("\x8a\x09\0\0\0\0\0\0\0\x80\0", 11) + "K\x02u") ==
          "{9.223372036854776e+18: 2}");
    CHECK(text_of("}((K\x01tK\x01(\x88tK\x02u") == "{(1,): 2}");
    CHECK(text_of("\x8f(K\x01\x88\x90") == "{1}");
    CHECK(text_of("}(" + pickled_text("a") + "K\x01" + pickled_text("a") + "K\x02u") == "{'a': 2}");
    CHECK(outcome_of("}]Ns") == "corrupt/foreign");
    CHECK(outcome_of("}(]tNs") == "corrupt/foreign");
    CHECK(outcome_of("\x8f(}\x90") == "corrupt/foreign");
    CHECK(outcome_of("}" + pickled_tensor() + "Ns") == "unsupported/feature");
}

TEST_CASE("pickle: what is not in the table of globals is refused by its name") {
    for (const auto& pair : std::vector<std::pair<std::string, std::string>>{
             {"os", "system"},
             {"posix", "system"},
             {"__builtin__", "eval"},
             {"builtins", "exec"},
             {"builtins", "getattr"},
             {"builtins", "frozenset"},
             {"builtins", "__import__"},
             {"torch.hub", "load"},
             {"torch", "load"},
             {"torch.serialization", "os.system"},
             {"functools", "partial"},
             {"operator", "attrgetter"},
             {"operator", "methodcaller"},
             {"importlib", "import_module"},
             {"inspect", "getattr_static"},
             {"marshal", "loads"},
             {"types", "FunctionType"},
             {"codecs", "open"},
             {"pydoc", "locate"},
             {"pickle", "loads"},
             {"torch.storage", "_load_from_bytes"},
             {"collections", "defaultdict"},
             {"collections", "OrderedDict.__init__"},
             {"collections.OrderedDict", ""},
             {"argparse", "Namespace"},
             {"pathlib", "PosixPath"},
             {"__main__", "Net"},
             {"numpy", "load"},
         }) {
        const std::string &module = pair.first, &name = pair.second;
        CAPTURE(module);
        CAPTURE(name);
        CHECK(outcome_of(pickled_global(module, name)) == "unsupported/global");
        CHECK(outcome_of(pickled_text(module) + pickled_text(name) + "\x93") == "unsupported/global");
        CHECK(message_of(pickled_global(module, name)).find(module + "." + name) != std::string::npos);
    }
    CHECK(message_of(pickled_global("torch.nn.modules.linear", "Linear")).find("state_dict()") !=
          std::string::npos);
    CHECK(message_of("N" + pickled_global("os", "system")).find("GLOBAL at 3") != std::string::npos);
    CHECK(outcome_of(pickled_text("torch") + "K\x01\x93") == "corrupt/foreign");
    CHECK(outcome_of("c\n\n") == "unsupported/global");
    CHECK(outcome_of("cos") == "truncated/cut");
    CHECK(outcome_of("c" + std::string(70'000, 'x') + "\ny\n") == "corrupt/foreign");
}

TEST_CASE("pickle: functions and classes of the table are not values, and do not become others") {
    CHECK(outcome_of(pickled_global("torch._utils", "_rebuild_tensor_v2")) == "unsupported/global");
    CHECK(outcome_of(pickled_global("torch", "FloatStorage")) == "unsupported/global");
    CHECK(outcome_of(pickled_global("torch", "float32") + ")R") == "unsupported/global");
    CHECK(outcome_of(pickled_global("torch", "FloatStorage") + ")\x81") == "unsupported/global");
    CHECK(outcome_of("N)R") == "corrupt/foreign");
    CHECK(outcome_of(pickled_call("torch", "Size") + ")R") == "corrupt/foreign");
    CHECK(outcome_of(pickled_global("torch", "Size") + "]R") == "corrupt/foreign");
    CHECK(outcome_of(pickled_storage()) == "unsupported/feature");
    CHECK(outcome_of(pickled_call("_codecs", "encode", pickled_text("x") + pickled_text("rot13"))) ==
          "unsupported/feature");
    CHECK(outcome_of(pickled_call("_codecs", "encode", pickled_text("\xc4\x80") + pickled_text("latin1"))) ==
          "corrupt/foreign");
    for (const std::string_view name : {"OrderedDict", "Counter"})
        CHECK(outcome_of(pickled_call("collections", name, "K\x01")) == "corrupt/foreign");
    CHECK(outcome_of(pickled_call("torch", "device", pickled_text("CUDA; rm"))) == "corrupt/foreign");
    CHECK(outcome_of(pickled_call("builtins", "complex", pickled_text("1") + "K\x01")) == "corrupt/foreign");
}

TEST_CASE("pickle: opcodes that data does not need are refused by their names") {
    for (const std::string_view opcodes : {"(ios\nsystem\n",
                                           "(cos\nsystem\no",
                                           "\x82\x01",
                                           "\x83\x01\x01",
                                           "\x84\x01\x01\x01\x01",
                                           "P0\n",
                                           "\x97",
                                           "\x98",
                                           "N2",
                                           "I1\n",
                                           "L1L\n",
                                           "F1\n",
                                           "S'x'\n",
                                           "Vx\n",
                                           "(d",
                                           "(l",
                                           "Np0\n",
                                           "g0\n",
                                           "(\x91",
                                           "))}\x92"}) {
        CAPTURE(opcodes);
        const std::string outcome = outcome_of(opcodes);
        CHECK((outcome == "unsupported/opcode" || opcodes.find("os") != std::string_view::npos));
    }
    CHECK(outcome_of("\xff") == "unsupported/opcode");
    CHECK(message_of("(I1\n").find("INT at 3") != std::string::npos);
    CHECK(outcome_of("\x80\x06N") == "unsupported/feature");
    CHECK(outcome_of("\x80\x01N") == "unsupported/feature");
}

TEST_CASE("pickle: a stack that does not have what an opcode takes") {
    for (const std::string_view opcodes :
         {"",   "0",  "1",   "\x85", "N\x86", "NN\x87", "t",       "e",    "]e",    "a",     "Na",     "NNa",
          "s",  "Ns", "NNs", "NNNs", "u",     "(u",     "]u",      "R",    "b",     "Q",     "N(\x85", "(",
          "NN", "N(", "](N", "(NNe", "}(Nu",  "\x90",   "](N\x90", "\x94", "q\x00", "h\x00", "Nh\x05"}) {
        CAPTURE(opcodes);
        const std::string outcome = outcome_of(opcodes);
        CHECK((outcome == "corrupt/foreign" || outcome == "truncated/cut"));
    }
    CHECK(outcome_of("(]t0N") == "good");  // POP takes the tuple
}

TEST_CASE("pickle: a memo index that no pickler writes takes no memory") {
    CHECK(outcome_of("Nr\xff\xff\xff\xff") == "corrupt/foreign");
    CHECK(outcome_of("Nr\x40\x42\x0f\x00"sv) == "corrupt/foreign");
    CHECK(outcome_of("Nq\x03") == "good");
    CHECK(outcome_of("Nq\x04") == "corrupt/foreign");
    CHECK(outcome_of("Nq\x03h\x02\x86") == "corrupt/foreign");
}

TEST_CASE("pickle: sizes beyond the end of the file") {
    for (const std::string_view opcodes : {"X\xff\xff\xff\xff",
                                           "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
                                           "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f",
                                           "\x96\xf0\xff\xff\xff\xff\xff\xff\xff",
                                           "\x95\xff\xff\xff\xff\xff\xff\xff\xff",
                                           "B\xff\xff\xff\x7f",
                                           "T\xff\xff\xff\xff",
                                           "\x8b\xff\xff\xff\xff",
                                           "\x8a\xff",
                                           "\x8c\x05x",
                                           "C\x05x",
                                           "U\x05x",
                                           "G",
                                           "J",
                                           "M",
                                           "K",
                                           "q",
                                           "r",
                                           "h",
                                           "j",
                                           "X"}) {
        CAPTURE(opcodes);
        FakeStorages storages;
        const auto made = convert::pickle::unpickle("\x80\x02" + std::string(opcodes), {});
        REQUIRE(!made);
        CHECK(made.error().condition() == Condition::cut);
    }
}

TEST_CASE("pickle: texts that are not UTF-8") {
    CHECK(outcome_of("X\x01\0\0\0\xff"sv) == "corrupt/foreign");
    CHECK(outcome_of("X\x03\0\0\0\xed\xa0\x80"sv) == "unsupported/feature");
    CHECK(outcome_of("\x8c\x02\xc0\x80") == "corrupt/foreign");
    CHECK(outcome_of("U\x01\xff") == "unsupported/feature");
}

TEST_CASE("pickle: objects that refer to themselves") {
    CHECK(outcome_of("]q\x01h\x01\x61") == "unsupported/feature");
    CHECK(outcome_of("}q\x01K\x01h\x01s") == "unsupported/feature");
    CHECK(outcome_of("]q\x01(h\x01t\x61") == "unsupported/feature");
    const std::string dict =
        pickled_call("collections", "OrderedDict") + "q\x02}" + pickled_text("a") + "h\x02sb";
    CHECK(outcome_of(dict) == "unsupported/feature");
    CHECK(message_of("]q\x01h\x01\x61").find("refers to itself") != std::string::npos);
    CHECK(outcome_of("]q\x01(]h\x01h\x01tt0h\x01") == "corrupt/foreign");
}

TEST_CASE("pickle: shared objects are counted in each place") {
    // Each list has the one before twice: 2^40 values.
    std::string opcodes = "]q\x01";
    for (int i = 2; i <= 40; ++i)
        opcodes += "](h" + std::string(1, static_cast<char>(i - 1)) + "h" +
                   std::string(1, static_cast<char>(i - 1)) + "eq" + std::string(1, static_cast<char>(i));
    Limits limits;
    limits.max_decoded_bytes = 1U << 20U;
    CHECK(outcome_of(opcodes + "\x85" + repeated("", 0), limits) ==
          "corrupt/foreign");  // more than one on the stack
    std::string one = "(" + opcodes + "1h" + std::string(1, 40);
    CHECK(outcome_of(one, limits) == "limit_exceeded/decoded_bytes");
    // The same as the key of a dict.
    std::string tuples = "(Nq\x01";
    for (int i = 2; i <= 40; ++i) {
        const std::string last = "h" + std::string(1, static_cast<char>(i - 1));
        tuples += last + last + "\x86q" + std::string(1, static_cast<char>(i));
    }
    CHECK(outcome_of(tuples + "1}h" + std::string(1, 40) + "Ns", limits) == "limit_exceeded/decoded_bytes");
}

TEST_CASE("pickle: what many tensors share is counted for each of them") {
    // A dict of 20,000 items, and 20,000 tensors with it: the time is bounded by the count.
    const std::string dict = "}q\x02(" + repeated(pickled_text("conj") + "\x89", 20'000) + "u";
    const std::string storage = pickled_storage() + "q\x03";
    const std::string tensor =
        pickled_global("torch._utils", "_rebuild_tensor_v2") + std::string("(h\x03K\x00))\x89}h\x02tR0"sv);
    Limits limits;
    limits.max_decoded_bytes = 20U << 20U;
    CHECK(outcome_of("(" + storage + dict + repeated(tensor, 100) + "1N", limits) == "good");
    CHECK(outcome_of("(" + storage + dict + repeated(tensor, 20'000) + "1N", limits) ==
          "limit_exceeded/decoded_bytes");
}

TEST_CASE("pickle: deep nesting") {
    CHECK(outcome_of(repeated("(", 50) + repeated("t", 50)) == "good");
    CHECK(outcome_of(repeated("(", 1'000'000) + repeated("t", 1'000'000)) == "limit_exceeded/depth");
    CHECK(outcome_of("N" + repeated("\x85", 1'000'000)) == "limit_exceeded/depth");
    CHECK(outcome_of("}N" + repeated("\x85", 1'000'000) + "Ns") == "limit_exceeded/depth");
}

TEST_CASE("pickle: limits") {
    Limits limits;
    limits.max_records = 10;
    CHECK(outcome_of("(" + repeated("K\x01", 6) + "t", limits) == "good");
    CHECK(outcome_of("(" + repeated("K\x01", 7) + "t", limits) == "limit_exceeded/records");
    CHECK(outcome_of("(" + repeated("N", 10) + "t", limits) == "good");
    CHECK(outcome_of("(" + repeated("N", 11) + "t", limits) == "limit_exceeded/records");
    CHECK(outcome_of(repeated("(", 11), limits) == "limit_exceeded/records");
    limits = {};
    limits.max_decoded_bytes = 100'000;
    CHECK(outcome_of(pickled_text(std::string(99'000, 'x')), limits) == "good");
    CHECK(outcome_of(pickled_text(std::string(100'000, 'x')), limits) == "limit_exceeded/decoded_bytes");
    CHECK(outcome_of("]" + repeated("N\x61", 20'000), limits) == "limit_exceeded/decoded_bytes");
}

TEST_CASE("pickle: tensors view their storages") {
    FakeStorages storages;
    const auto made =
        unpickled_value(pickled_tensor({.offset = 1, .shape = {2, 2}, .strides = {1, 3}}), storages);
    REQUIRE(made);
    const TensorView& tensor = *made->get_if<TensorView>();
    CHECK(tensor.dtype().name == "f32");
    CHECK(tensor.shape() == Shape{2, 2});
    CHECK(tensor.strides() == Strides{1, 3});
    CHECK(tensor.offset() == 4);
    const auto contiguous = unpickled_value(pickled_tensor({.shape = {6, 1}, .strides = {1, 77}}), storages);
    REQUIRE(contiguous);
    CHECK(contiguous->get_if<TensorView>()->is_contiguous());
    const auto parameter = unpickled_value(
        pickled_call("torch._utils", "_rebuild_parameter", pickled_tensor() + "\x88}"), storages);
    REQUIRE(parameter);
    CHECK(parameter->get_if<TensorView>()->role() == Role::parameter);
    CHECK(parameter->get_if<TensorView>()->requires_grad());
    const auto packed =
        unpickled_value(pickled_tensor({.storage = pickled_storage("UntypedStorage"),
                                        .more = "\x89}" + pickled_global("torch", "float4_e2m1fn_x2"),
                                        .function = "_rebuild_tensor_v3"}),
                        storages);
    REQUIRE(packed);
    CHECK(packed->get_if<TensorView>()->shape() == Shape{2, 6});
}

TEST_CASE("pickle: tensors that do not fit") {
    constexpr std::int64_t kMost = INT64_MAX;
    const auto outcome = [](const PickledTensor& tensor) { return outcome_of(pickled_tensor(tensor)); };
    CHECK(outcome({}) == "good");
    CHECK(outcome({.offset = 1}) == "corrupt/foreign");
    CHECK(outcome({.offset = -1}) == "corrupt/foreign");
    CHECK(outcome({.offset = kMost}) == "corrupt/foreign");
    CHECK(outcome({.shape = {2, 4}}) == "corrupt/foreign");
    CHECK(outcome({.shape = {-2, 3}}) == "corrupt/foreign");
    CHECK(outcome({.shape = {kMost, kMost}}) == "corrupt/foreign");
    CHECK(outcome({.shape = {2, 3}, .strides = {-3, 1}}) == "corrupt/foreign");
    CHECK(outcome({.shape = {2, 3}, .strides = {kMost, 1}}) == "corrupt/foreign");
    CHECK(outcome({.shape = {2, 3}, .strides = {3}}) == "corrupt/foreign");
    CHECK(outcome({.storage = pickled_storage("FloatStorage", kMost)}) == "corrupt/foreign");
    CHECK(outcome({.storage = pickled_storage("FloatStorage", -1)}) == "corrupt/foreign");
    CHECK(outcome({.storage = pickled_storage("FloatStorage", 6, "0", "meta")}) == "unsupported/feature");
    CHECK(outcome({.storage = pickled_storage("QInt8Storage")}) == "unsupported/feature");
    CHECK(outcome({.storage = pickled_storage("float32")}) == "corrupt/foreign");
    CHECK(outcome({.storage = "N"}) == "corrupt/foreign");
    CHECK(outcome({.more = "N}"}) == "corrupt/foreign");
    CHECK(outcome({.more = "\x89"}) == "corrupt/foreign");
    CHECK(outcome({.more = "\x89}}" + pickled_text("conj") + "\x88s"}) == "unsupported/feature");  // of f32
    CHECK(outcome({.more = "\x89}}" + pickled_text("neg") + "\x88s"}) == "good");
    CHECK(outcome({.more = "\x89}}" + pickled_text("meta") + "\x88s"}) == "unsupported/feature");
    const std::vector<std::int64_t> ones(64, 1), more(65, 1);
    CHECK(outcome({.shape = ones, .strides = ones}) == "good");
    CHECK(outcome({.shape = more, .strides = more}) == "limit_exceeded/rank");
}

TEST_CASE("pickle: persistent ids other than those of storages") {
    CHECK(outcome_of(pickled_text("0") + "Q") == "corrupt/foreign");
    CHECK(outcome_of("K\x01Q") == "corrupt/foreign");
    CHECK(outcome_of("(" + pickled_text("module") + "NNNNtQ") == "corrupt/foreign");
    CHECK(outcome_of("(" + pickled_text("storage") + "tQ") == "corrupt/foreign");
    CHECK(outcome_of("(" + pickled_text("storage") + "NNNNtQ") == "corrupt/foreign");
}

TEST_CASE("pickle: tensors of other kinds are refused by the function that makes them") {
    for (const std::string_view function :
         {"_rebuild_sparse_tensor", "_rebuild_qtensor", "_rebuild_nested_tensor", "_rebuild_wrapper_subclass",
          "_rebuild_meta_tensor_no_storage"}) {
        CHECK(outcome_of(pickled_call("torch._utils", function)) == "unsupported/feature");
        CHECK(message_of(pickled_call("torch._utils", function)).find(function) != std::string::npos);
    }
    const std::string made_by = pickled_global("torch.serialization", "_get_layout");
    CHECK(outcome_of(pickled_call("torch._tensor", "_rebuild_from_type_v2",
                                  made_by + pickled_global("torch", "Tensor") + ")}")) ==
          "unsupported/feature");
}

TEST_CASE("pickle: what is left after STOP is told") {
    const auto made = convert::pickle::unpickle("\x80\x02N.more", {});
    REQUIRE(made);
    CHECK(made->end == 4);
}
