// Files of GGUF that are read: every rule of convert/gguf, from files that are made here byte by byte.

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "convert/gguf/tensor_type.hpp"
#include "convert/gguf/value_type.hpp"
#include "gguf_given.hpp"
#include "support/gguf_file.hpp"
#include "support/same.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_literals;

TEST_CASE("gguf: every type of value and of tensor") {
    const Given file(every_gguf_type().bytes());
    REQUIRE(file.verdict() == "ok");
    CHECK(file.checkpoint().order() ==
          std::vector<std::string>{"model", "metadata", "gguf", "milepost.python"});
    CHECK(to_string(*file.part("milepost.python")->find("root")) == "'model'");
    CHECK(file.shown("t.u8") == "255");
    CHECK(file.shown("t.i8") == "-128");
    CHECK(file.shown("t.u16") == "65535");
    CHECK(file.shown("t.i16") == "-32768");
    CHECK(file.shown("t.u32") == "4294967295");
    CHECK(file.shown("t.i32") == "-5");
    CHECK(file.shown("t.f32") == "9.999999747378752e-06");
    CHECK(file.shown("t.bool") == "True");
    CHECK(file.shown("t.u64") == "18446744073709551615");
    CHECK(file.shown("t.i64") == "-9223372036854775808");
    CHECK(file.shown("t.f64") == "0.1");
    CHECK(file.shown("t.bytes") == "b'\\xff\\xfe'");
    CHECK(file.shown("a.string") == "['a', '', b'\\xc3']");
    CHECK(file.shown("a.i32") == "[1, -1]");
    CHECK(file.shown("a.bool") == "[False, True]");
    CHECK(file.shown("a.arrays") == "[[1, 2], []]");
    CHECK(file.shown("a.none") == "[[]]");
    CHECK(file.type("t.u32") == "u32");
    CHECK(file.type("t.i64").empty());
    CHECK(file.type("t.u64").empty());
    CHECK(file.type("a.string") == "[string]");
    CHECK(file.type("a.bool").empty());
    CHECK(file.type("a.empty") == "[f32]");
    CHECK(file.type("a.arrays") == "[[u8]]");
    CHECK(file.type("a.none") == "[[array]]");
    const TensorView& blocks = file.tensor("token_embd.weight");
    CHECK(blocks.dtype() == DtypeInfo{static_cast<Dtype>(140), 144 * 8, "ggml.q4_K"});
    CHECK(blocks.shape() == Shape{2, 1});
    CHECK(file.tensor("norm.weight").shape() == Shape{2, 3});
    CHECK(file.tensor("norm.weight").dtype().code == Dtype::f32);
    CHECK(file.tensor("scalar").shape().empty());
    CHECK(file.tensor("none").shape() == Shape{4, 0});
    CHECK(file.tensor("half").dtype().code == Dtype::bf16);
}

TEST_CASE("gguf: a file, a checkpoint, the same file again") {
    for (const std::uint32_t version : {2U, 3U}) {
        GgufFile file = every_gguf_type();
        file.version = version;
        const std::string bytes = file.bytes();
        const ScratchFolder folder;
        write_file(folder / "a.gguf", bytes);
        const auto imported = import_file(folder / "a.gguf");
        REQUIRE(imported);
        CHECK(gguf_losses(imported->checkpoint).empty());
        CHECK(exported(imported->checkpoint) == bytes);
        REQUIRE(save(folder / "a.milepost", imported->checkpoint));
        const auto saved = Reader::open(folder / "a.milepost");
        REQUIRE(saved);
        const auto loaded = saved->checkpoint();
        REQUIRE(loaded);
        CHECK(same(*loaded, imported->checkpoint, same_bytes));
        CHECK(exported(*loaded) == bytes);
    }
}

TEST_CASE("gguf: files without key-values, tensors or padding at the end") {
    CHECK(verdict_of(GgufFile().bytes()) == "ok");
    CHECK(verdict_of(GgufFile().header()) == "ok");
    const Given none(GgufFile().bytes());
    CHECK(none.checkpoint().order() == std::vector<std::string>{"model", "milepost.python"});
    CHECK(exported(none.checkpoint()) == GgufFile().bytes());
    const GgufFile one = GgufFile().tensor("a", {3}, 24, "abc");
    const std::string bytes = one.bytes();
    const std::size_t end = bytes.size() - 29;
    CHECK(verdict_of(bytes.substr(0, end)) == "ok");
    CHECK(verdict_of(bytes.substr(0, end - 1)) == "truncated/cut");
    CHECK(verdict_of(bytes + "x") == "corrupt/foreign");
    CHECK(verdict_of(GgufFile().bytes() + "x") == "corrupt/foreign");
}

TEST_CASE("gguf: versions") {
    GgufFile file;
    const auto verdict = [&](std::uint32_t version) {
        file.version = version;
        return verdict_of(file.bytes());
    };
    CHECK(verdict(0) == "corrupt/foreign");
    CHECK(verdict(1) == "unsupported/feature");
    CHECK(verdict(2) == "ok");
    CHECK(verdict(3) == "ok");
    CHECK(verdict(4) == "unsupported/feature");
    file.version = 3U << 24U;
    CHECK(Given(file.bytes()).says("big-endian"));
    const ScratchFolder folder;
    write_file(folder / "x.gguf", "GGUX" + file.bytes().substr(4));
    ImportOptions options;
    options.format = FileFormat::gguf;  // whatever the file is
    const auto other = import_file(folder / "x.gguf", options);
    REQUIRE(!other);
    CHECK(word_of(other.error()) == "not_a_checkpoint/magic");
}

TEST_CASE("gguf: every prefix is cut") {
    const std::string bytes = every_gguf_type().bytes();
    const std::size_t padding = 64 - 8;  // after the last tensor
    for (std::size_t size = 4; size < bytes.size() - padding; ++size) {
        CAPTURE(size);
        CHECK(verdict_of(bytes.substr(0, size)) == "truncated/cut");
    }
    CHECK(verdict_of(bytes.substr(0, bytes.size() - padding)) == "ok");
}

TEST_CASE("gguf: counts are compared with the file") {
    for (const std::uint64_t count :
         {std::uint64_t{1}, std::uint64_t{1} << 40U, UINT64_MAX - 8, UINT64_MAX}) {
        CAPTURE(count);
        GgufFile tensors, keys;
        tensors.more_tensors = keys.more_keys = count;
        CHECK(verdict_of(tensors.bytes()) == "truncated/cut");
        CHECK(verdict_of(keys.bytes()) == "truncated/cut");
        CHECK(verdict_of(GgufFile().key("k", 8, number(count)).header()) == "truncated/cut");
        for (const std::uint32_t type : {0U, 8U, 9U, 12U})
            CHECK(verdict_of(GgufFile().key("k", 9, number(type) + number(count)).header()) ==
                  "truncated/cut");
    }
}

TEST_CASE("gguf: values that break the rules") {
    CHECK(verdict_of_key(13, "") == "corrupt/foreign");
    CHECK(verdict_of_key(9, GgufFile::array(13, {"x"})) == "corrupt/foreign");
    CHECK(verdict_of_key(7, "\x02") == "corrupt/foreign");
    CHECK(verdict_of(GgufFile().key("k", 0, "a").key("k", 0, "b").bytes()) == "corrupt/foreign");
    CHECK(verdict_of(GgufFile().key("", 0, "a").bytes()) == "corrupt/foreign");
    CHECK(verdict_of(GgufFile().key("\xff", 0, "a").bytes()) == "corrupt/foreign");
    CHECK(verdict_of(GgufFile().key("a\n", 0, "a").bytes()) == "corrupt/foreign");
    const std::string bytes = GgufFile::array(0, {"a"}), words = GgufFile::array(2, {"ab"});
    CHECK(verdict_of_key(9, GgufFile::array(9, {bytes, bytes})) == "ok");
    CHECK(verdict_of_key(9, GgufFile::array(9, {bytes, words})) == "unsupported/feature");
    CHECK(verdict_of_key(9, GgufFile::array(9, {bytes, GgufFile::array(9, {bytes})})) ==
          "unsupported/feature");
    CHECK(verdict_of_key(9, GgufFile::array(9, {GgufFile::array(9, {bytes}), bytes})) ==
          "unsupported/feature");
    CHECK(verdict_of_key(9, GgufFile::array(9, {GgufFile::array(9, {}), bytes})) == "unsupported/feature");
}

TEST_CASE("gguf: alignment") {
    const auto verdict = [](std::uint64_t given, std::uint32_t type = 4) {
        GgufFile file;
        file.alignment = given == 0 || given > (1U << 21U) ? 32 : given;
        const std::string value = type == 4 ? number(static_cast<std::uint32_t>(given)) : number(given);
        file.key("general.alignment", type, value).tensor("a", {1}, 24, "x").tensor("b", {1}, 24, "y");
        return verdict_of(file.bytes());
    };
    CHECK(verdict(0) == "corrupt/foreign");
    CHECK(verdict(1) == "ok");
    CHECK(verdict(8) == "ok");
    CHECK(verdict(31) == "corrupt/foreign");
    CHECK(verdict(1U << 20U) == "ok");
    CHECK(verdict(1U << 21U) == "corrupt/foreign");
    CHECK(verdict(1U << 31U) == "corrupt/foreign");
    CHECK(verdict(32, 10) == "corrupt/foreign");   // a u64
    CHECK(verdict_of_key(4, number(7U)) == "ok");  // another key
}

TEST_CASE("gguf: tensors that break the rules") {
    const auto verdict = [](std::vector<std::uint64_t> dims, std::uint32_t type, std::string_view data) {
        return verdict_of(GgufFile().tensor("t", std::move(dims), type, data).bytes());
    };
    CHECK(verdict({31}, 2, std::string(18, 'x')) == "corrupt/foreign");
    CHECK(verdict({32}, 2, std::string(18, 'x')) == "ok");
    CHECK(verdict({33}, 2, std::string(36, 'x')) == "corrupt/foreign");
    CHECK(verdict({}, 2, std::string(18, 'x')) == "corrupt/foreign");
    CHECK(verdict({1}, 4, "abcd") == "unsupported/feature");   // removed by ggml
    CHECK(verdict({1}, 31, "abcd") == "unsupported/feature");  // likewise
    CHECK(verdict({1}, 42, "abcd") == "unsupported/feature");
    CHECK(verdict({1}, UINT32_MAX, "abcd") == "unsupported/feature");
    const std::uint64_t half = std::uint64_t{1} << 32U, large = (std::uint64_t{1} << 60U) - 1;
    CHECK(verdict({large + 1}, 24, "x") == "corrupt/foreign");
    CHECK(verdict({large}, 24, "x") == "truncated/cut");
    CHECK(verdict({large, 0}, 24, "") == "ok");
    CHECK(verdict({large + 1, 0}, 24, "") == "corrupt/foreign");
    CHECK(verdict({half, half}, 24, "x") == "corrupt/foreign");  // wraps to 0
    CHECK(verdict({half, half, 0}, 24, "x") == "corrupt/foreign");
    CHECK(verdict({0, half, half}, 24, "x") == "corrupt/foreign");
    CHECK(verdict({half, 0}, 24, "") == "ok");
    const auto named = [](std::string_view name) {
        return verdict_of(GgufFile().tensor(name, {1}, 24, "x").bytes());
    };
    CHECK(named("") == "corrupt/foreign");
    CHECK(named("a\x7f") == "corrupt/foreign");
    CHECK(named("a\xc0\x80") == "corrupt/foreign");
    CHECK(named("../a") == "ok");  // a name is not a path
    CHECK(verdict_of(GgufFile().tensor("t", {1}, 24, "x").tensor("t", {1}, 24, "y").bytes()) ==
          "corrupt/foreign");
}

TEST_CASE("gguf: data in another order, overlapping, apart, outside") {
    const auto two = [](std::uint64_t first, std::uint64_t second) {
        return verdict_of(GgufFile()
                              .tensor_at(first, "a", {40}, 24, std::string(40, 'a'))
                              .tensor_at(second, "b", {32}, 24, std::string(32, 'b'))
                              .bytes());
    };
    CHECK(two(0, 64) == "ok");
    CHECK(two(32, 0) == "ok");
    CHECK(two(0, 0) == "corrupt/foreign");
    CHECK(two(0, 32) == "corrupt/foreign");
    CHECK(two(0, 63) == "corrupt/foreign");
    CHECK(two(0, 65) == "corrupt/foreign");
    CHECK(two(0, 96) == "corrupt/foreign");
    CHECK(two(32, 96) == "corrupt/foreign");
    CHECK(two(0, UINT64_MAX - 31) == "corrupt/foreign");
    const GgufFile swapped = GgufFile().tensor_at(32, "a", {1}, 24, "b").tensor_at(0, "b", {1}, 24, "a");
    const Given file(swapped.bytes());
    REQUIRE(file.verdict() == "ok");
    CHECK(first_byte(file.tensor("a")) == 'a');
    CHECK(first_byte(file.tensor("b")) == 'b');
}

TEST_CASE("gguf: limits") {
    const GgufFile file = every_gguf_type();
    const std::string bytes = file.bytes();
    const auto with = [&](auto member, std::uint64_t value, const std::string& of) {
        Limits limits;
        limits.*member = static_cast<std::remove_reference_t<decltype(limits.*member)>>(value);
        return verdict_of(of, limits);
    };
    CHECK(with(&Limits::max_index_bytes, file.header().size(), bytes) == "ok");
    CHECK(with(&Limits::max_index_bytes, file.header().size() - 1, bytes) == "limit_exceeded/index_bytes");
    CHECK(with(&Limits::max_rank, 3, bytes) == "ok");
    CHECK(with(&Limits::max_rank, 2, bytes) == "limit_exceeded/rank");
    CHECK(with(&Limits::max_name_bytes, 20, bytes) == "ok");  // general.architecture
    CHECK(with(&Limits::max_name_bytes, 19, bytes) == "limit_exceeded/name_bytes");
    CHECK(with(&Limits::max_depth, 4, bytes) == "ok");
    CHECK(with(&Limits::max_depth, 3, bytes) == "limit_exceeded/depth");
    CHECK(with(&Limits::max_decoded_bytes, 20'000, bytes) == "ok");
    CHECK(with(&Limits::max_decoded_bytes, 10'000, bytes) == "limit_exceeded/decoded_bytes");
    const std::string two = GgufFile().key("a", 0, "x").tensor("t", {1}, 24, "y").bytes();
    CHECK(with(&Limits::max_records, 3, two) == "ok");
    CHECK(with(&Limits::max_records, 2, two) == "limit_exceeded/records");
    const std::string many = GgufFile().key("a", 9, GgufFile::array(0, {std::string(100'000, 'x')})).bytes();
    CHECK(verdict_of(many) == "corrupt/foreign");  // one element, and bytes that are none
    std::string nested = GgufFile::array(0, {});
    for (int depth = 0; depth < 100'000; ++depth)
        nested = number(9U) + number(std::uint64_t{1}) + nested;
    CHECK(verdict_of_key(9, nested) == "limit_exceeded/depth");
}

TEST_CASE("gguf: nesting at the limit is what save() accepts") {
    std::string nested = GgufFile::array(0, {"x"});
    for (std::uint32_t depth = 1; depth < Limits{}.max_depth - 2; ++depth)
        nested = GgufFile::array(9, {nested});
    const Given deepest(GgufFile().key("k", 9, nested).bytes());
    REQUIRE(deepest.verdict() == "ok");
    const ScratchFolder folder;
    CHECK(save(folder / "a.milepost", deepest.checkpoint()));
    CHECK(exported(deepest.checkpoint()) == GgufFile().key("k", 9, nested).bytes());
    CHECK(verdict_of_key(9, GgufFile::array(9, {nested})) == "limit_exceeded/depth");
}

TEST_CASE("gguf: floats of 32 bits and their types are kept bit for bit") {
    using convert::gguf::narrow;
    using convert::gguf::widen;
    for (const std::uint32_t bits : {0U, 0x80000000U, 1U, 0x007fffffU, 0x00800000U, 0x3f800000U, 0x7f7fffffU,
                                     0x7f800000U, 0xff800000U, 0x7f800001U, 0x7fc00000U, 0xffffffffU}) {
        CAPTURE(bits);
        CHECK(narrow(widen(bits)) == bits);
    }
    CHECK(!narrow(0.1));
    CHECK(!narrow(1e300));
    CHECK(!narrow(double_of(0x7ff0000000000001ULL)));  // a NaN with more bits
    using convert::gguf::find_value_type;
    using convert::gguf::text_of;
    for (const std::string word : {"u8", "bool", "array", "[f32]", "[[string]]"})
        CHECK(text_of(*find_value_type(word)) == word);
    for (const std::string word : {"", "[]", "u9", "[u8", "u8]", "[[u8]"})
        CHECK(!find_value_type(word));
}

TEST_CASE("gguf: the table of ggml's types fits the format") {
    for (const auto& type : convert::gguf::all_tensor_types()) {
        CAPTURE(type.dtype.name);
        CHECK(convert::gguf::find_tensor_type(type.number) == &type);
        CHECK(convert::gguf::find_tensor_type(type.dtype) == &type);
        CHECK(type.dtype.bits % 8 == 0);
        if (type.elements == 1)
            CHECK(find_dtype(type.dtype.code) == type.dtype);
        else
            CHECK(static_cast<std::uint32_t>(type.dtype.code) == 128 + type.number);
    }
}
