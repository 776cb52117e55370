#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "convert/swapped_source.hpp"
#include "convert/zip/archive_writer.hpp"
#include "memory_files.hpp"
#include "outcome.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;

/// A `.npy` with this text as its header.
std::string npy(std::string_view text, std::string_view data, int version = 1) {
    std::string file = "\x93NUMPY";
    file += static_cast<char>(version);
    file += '\0';
    for (std::size_t i = 0; i < (version == 1 ? 2U : 4U); ++i)
        file += static_cast<char>(static_cast<unsigned char>(text.size() >> (8 * i)));
    return file + std::string(text) + std::string(data);
}

std::string dict(std::string_view descr, std::string_view shape, std::string_view order = "False") {
    return "{'descr': '" + std::string(descr) + "', 'fortran_order': " + std::string(order) + ", 'shape': (" +
           std::string(shape) + "), }\n";
}

struct NumpyFolder {
    ScratchFolder scratch;
    std::string path = scratch / "a.npz";

    Result<Imported> import(std::string_view content, const Limits& limits = {},
                            FileFormat format = FileFormat::npy) const {
        write_file(path, content);
        return import_file(path, {.format = format, .limits = limits});
    }
    std::string outcome_of(std::string_view content, const Limits& limits = {}) const {
        return outcome(import(content, limits));
    }
    Result<std::string> write(const Checkpoint& checkpoint, bool lossy = false) const {
        ExportOptions options = {.format = FileFormat::npz, .lossy = lossy};
        options.save.durable = false;
        return export_file(path, checkpoint, options);
    }
};

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& entries) {
    MemorySink sink;
    convert::ArchiveWriter writer(sink);
    for (const auto& [name, content] : entries) {
        REQUIRE(writer.begin(name, content.size()));
        REQUIRE(writer.write(milepost::testing::bytes_of(content)));
        REQUIRE(writer.end());
    }
    REQUIRE(writer.finish());
    return sink.content;
}

std::string content_of(const TensorView& tensor) {
    const auto loaded = tensor.load();
    REQUIRE_MESSAGE(loaded, loaded.error().to_string());
    const auto bytes = loaded->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const TensorView& tensor(const Result<Imported>& imported, std::string_view name = "arr_0") {
    REQUIRE_MESSAGE(imported, imported.error().to_string());
    REQUIRE(imported->checkpoint.models().size() == 1);
    const Value* value = imported->checkpoint.models()[0].second.find(name);
    REQUIRE(value != nullptr);
    return *value->get_if<TensorView>();
}

}  // namespace

TEST_CASE("npy: versions 1 to 3, any rank, no elements") {
    const NumpyFolder folder;
    const std::string data = pattern(24, 1);
    for (const int version : {1, 2, 3}) {
        const auto imported = folder.import(npy(dict("<f4", "2, 3"), data, version));
        CHECK(tensor(imported).shape() == Shape{2, 3});
        CHECK(tensor(imported).dtype().code == Dtype::f32);
        CHECK(content_of(tensor(imported)) == data);
        CHECK(imported->checkpoint.order() == std::vector<std::string>{"model", "milepost.python"});
    }
    CHECK(tensor(folder.import(npy(dict("<f8", ""), data.substr(0, 8)))).rank() == 0);
    CHECK(tensor(folder.import(npy(dict("<f8", "3,"), data))).shape() == Shape{3});
    CHECK(tensor(folder.import(npy(dict("<f8", "3L, 1L"), data))).shape() == Shape{3, 1});
    CHECK(tensor(folder.import(npy(dict("<f8", "0, 5"), ""))).shape() == Shape{0, 5});
    CHECK(tensor(folder.import(npy(dict("<f8", "0, 4294967296, 4294967296"), ""))).rank() == 3);
    CHECK(folder.outcome_of(npy(dict("<f8", "3,"), data, 4)) == "unsupported/feature");
    CHECK(folder.outcome_of("\x93NUMPX" + data) == "not_a_checkpoint/magic");
}

TEST_CASE("npy: Fortran order becomes strides, unless it is C order too") {
    const NumpyFolder folder;
    const std::string data("\1\2\3\4\5\6", 6);
    const auto imported = folder.import(npy(dict("|u1", "2, 3", "True"), data));
    CHECK(tensor(imported).strides() == Strides{1, 2});
    CHECK(content_of(tensor(imported)) == std::string("\1\3\5\2\4\6", 6));
    for (const std::string_view shape : {"6,", "1, 6", "6, 1", "1, 6, 1"})
        CHECK(tensor(folder.import(npy(dict("|u1", shape, "True"), data))).is_contiguous());
    CHECK(tensor(folder.import(npy(dict("|u1", "1, 2, 3", "True"), data))).strides() == Strides{1, 1, 2});
    CHECK(tensor(folder.import(npy(dict("|u1", "2, 0, 3", "True"), ""))).is_contiguous());
}

TEST_CASE("npy: numbers of the other byte order are turned") {
    const NumpyFolder folder;
    CHECK(content_of(tensor(folder.import(npy(dict(">u2", "3,"), "abcdef")))) == "badcfe");
    CHECK(content_of(tensor(folder.import(npy(dict(">u4", "2,"), "abcdefgh")))) == "dcbahgfe");
    CHECK(content_of(tensor(folder.import(npy(dict(">c8", "1,"), "abcdefgh")))) == "dcbahgfe");
    CHECK(content_of(tensor(folder.import(npy(dict(">c16", "1,"), "abcdefghijklmnop")))) ==
          "hgfedcbaponmlkji");
    CHECK(content_of(tensor(folder.import(npy(dict(">u1", "3,"), "abc")))) == "abc");
    CHECK(content_of(tensor(folder.import(npy(dict(">u2", "2, 2", "True"), "abcdefgh")))) == "bafedchg");
    const auto memory = std::make_shared<MemorySource>("xabcdefghijkl");
    const convert::SwappedSource source(memory, 1, 12, 4);
    const std::string turned = "dcbahgfelkji";
    for (std::size_t begin = 0; begin <= 12; ++begin) {
        for (std::size_t end = begin; end <= 12; ++end) {
            std::string part(end - begin, '\0');
            REQUIRE(source.read(begin, std::as_writable_bytes(std::span(part))));
            CHECK(part == turned.substr(begin, end - begin));
        }
    }
}

TEST_CASE("npy: every dtype of NumPy, and why the others are refused") {
    const NumpyFolder folder;
    const std::pair<std::string_view, Dtype> known[] = {
        {"|b1", Dtype::boolean}, {"|i1", Dtype::i8},    {"<i2", Dtype::i16}, {">i4", Dtype::i32},
        {"<i8", Dtype::i64},     {"|u1", Dtype::u8},    {"<u2", Dtype::u16}, {"<u4", Dtype::u32},
        {">u8", Dtype::u64},     {"<f2", Dtype::f16},   {"<f4", Dtype::f32}, {"<f8", Dtype::f64},
        {"<c8", Dtype::c64},     {"<c16", Dtype::c128},
    };
    for (const auto& row : known) {
        CAPTURE(row.first);
        CHECK(tensor(folder.import(npy(dict(row.first, "0,"), ""))).dtype().code == row.second);
    }
    const std::pair<std::string_view, std::string_view> refused[] = {
        {"|O", "Python objects"},  {"|S5", "texts"},        {"<U3", "texts"},
        {"<M8[ns]", "dates"},      {"|V2", "bfloat16"},     {"<f16", "does not have"},
        {"<c32", "does not have"}, {"f4", "does not have"}, {"|f4", "does not have"},
        {"<f1", "does not have"},  {"", "does not have"},   {"<", "does not have"},
    };
    for (const auto& row : refused) {
        CAPTURE(row.first);
        const auto imported = folder.import(npy(dict(row.first, "0,"), ""));
        CHECK(outcome(imported) == "unsupported/feature");
        CHECK(imported.error().message().find(row.second) != std::string::npos);
    }
    const auto fields =
        folder.import(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (0,), }", ""));
    CHECK(outcome(fields) == "unsupported/feature");
}

TEST_CASE("npy: a header that is not the dict of NumPy is refused") {
    const NumpyFolder folder;
    const auto text = [&](std::string_view header) { return folder.outcome_of(npy(header, "12")); };
    CHECK(text("{'descr': '|u1', 'fortran_order': False, 'shape': (2,)}") == "good");
    CHECK(text(R"({"shape":(2,),"fortran_order":False,"descr":"|u1"} )") == "good");
    for (const std::string_view header : {
             "",
             "{",
             "{}",
             "[]",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2,)} x",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': [2,]}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (-2,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2,,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1",
             "{'descr': '|u1', 'fortran_order': 0, 'shape': (2,)}",
             "{'descr': '|u1', 'fortran_order': False}",
             "{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (2,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), 'x': 1}",
             "{'descr': '|u1' 'fortran_order': False, 'shape': (2,)}",
             "{'descr': '\\x7cu1', 'fortran_order': False, 'shape': (2,)}",
             "{'descr': |u1, 'fortran_order': False, 'shape': (2,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (18446744073709551616,)}",
             "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296,)}",
         }) {
        CAPTURE(header);
        CHECK(text(header) == "corrupt/foreign");
    }
}

TEST_CASE("npy: sizes and limits at -1, 0, +1") {
    const NumpyFolder folder;
    const std::string whole = npy(dict("<u4", "1, 2"), "12345678");
    for (std::size_t nbytes = 1; nbytes < whole.size(); ++nbytes) {
        CAPTURE(nbytes);
        CHECK(folder.outcome_of(whole.substr(0, nbytes)) == "truncated/cut");
    }
    CHECK(folder.outcome_of(whole) == "good");
    CHECK(folder.outcome_of(whole + "9") == "corrupt/foreign");
    const std::string text = dict("|u1", "0,");
    CHECK(folder.outcome_of(npy(text + std::string(65'536 - text.size(), ' '), "", 2)) == "good");
    CHECK(folder.outcome_of(npy(text + std::string(65'537 - text.size(), ' '), "", 2)) == "corrupt/foreign");
    Limits limits;
    for (const std::uint32_t rank : {1U, 2U, 3U}) {
        limits.max_rank = rank;
        CHECK(folder.outcome_of(whole, limits) == (rank < 2 ? "limit_exceeded/rank" : "good"));
    }
    limits = {};
    for (const std::size_t change : {0U, 1U, 2U}) {
        limits.max_index_bytes = dict("<u4", "1, 2").size() - 1 + change;
        CHECK(folder.outcome_of(whole, limits) == (change == 0 ? "limit_exceeded/index_bytes" : "good"));
    }
}

TEST_CASE("npz: arrays under their names, whatever they are") {
    const NumpyFolder folder;
    const auto imported = folder.import(archive_of({{"../../b.npy", npy(dict("|u1", "2,"), "12")},
                                                    {"a/c.npy", npy(dict("<u2", "1,"), "34")}}),
                                        {}, FileFormat::npz);
    CHECK(content_of(tensor(imported, "../../b")) == "12");
    CHECK(content_of(tensor(imported, "a/c")) == "34");
    CHECK(sniff(folder.path).value() == FileFormat::npz);
    const auto import_one = [&](const std::string& name, const std::string& content) {
        return outcome(folder.import(archive_of({{name, content}}), {}, FileFormat::npz));
    };
    const std::string good = npy(dict("|u1", "2,"), "12");
    CHECK(import_one("a.npy", good) == "good");
    CHECK(import_one("a.txt", good) == "unsupported/feature");
    CHECK(import_one(".npy", good) == "corrupt/foreign");
    CHECK(import_one("\n.npy", good) == "corrupt/foreign");
    CHECK(import_one("a.npy", "not an array") == "not_a_checkpoint/magic");
    const auto broken =
        folder.import(archive_of({{"x.npy", npy(dict("|O", "1,"), "12")}}), {}, FileFormat::npz);
    CHECK(broken.error().message().starts_with("npz member x.npy: an array of dtype |O"));
}

TEST_CASE("npz: damage of an array is found when it is used, of one without elements at once") {
    const NumpyFolder folder;
    std::string file = archive_of({{"a.npy", npy(dict("|u1", "2,"), "12")}});
    file[64 + 12] ^= 1;  // the quote after the brace becomes an ampersand
    CHECK(outcome(folder.import(file, {}, FileFormat::npz)) == "corrupt/foreign");
    file[64 + 12] ^= 1;
    file[64 + npy(dict("|u1", "2,"), "").size()] ^= 1;
    const auto imported = folder.import(file, {}, FileFormat::npz);
    REQUIRE(imported);
    CHECK(tensor(imported, "a").bytes().error().condition() == Condition::foreign_checksum);
    file = archive_of({{"a.npy", npy(dict("|u1", "0,"), "")}});
    const std::size_t digit = file.find("(0,)") + 2;
    file[digit] = ' ';  // still a header? (0 ) is not a tuple
    CHECK(outcome(folder.import(file, {}, FileFormat::npz)) == "corrupt/foreign");
    file = archive_of({{"a.npy", npy(dict("|u1", "0, 7"), "")}});
    file[file.find(" 7)") + 1] = '8';
    CHECK(outcome(folder.import(file, {}, FileFormat::npz)) == "corrupt/foreign_checksum");
}

TEST_CASE("npz: what is written is read, with data at multiples of 64") {
    const NumpyFolder folder;
    Checkpoint checkpoint;
    const std::string data = pattern(24, 2);
    const TensorView matrix(*find_dtype(Dtype::f32), {2, 3}, StorageView(milepost::testing::bytes_of(data)));
    checkpoint.model("m")["dir/matrix"] = matrix;
    checkpoint.model("m")["turned"] = TensorView(matrix.dtype(), {3, 2}, matrix.storage(), 0, {1, 3});
    checkpoint.model("m")["scalar"] =
        TensorView(matrix.dtype(), {}, StorageView(milepost::testing::bytes_of("1234")));
    checkpoint.model("m")["none"] = TensorView(matrix.dtype(), {0, 3}, StorageView());
    REQUIRE(folder.write(checkpoint, true));
    const std::string file = read_file(folder.path);
    CHECK(file.find(data) % 64 == 0);
    REQUIRE(folder.write(checkpoint, true));
    CHECK((read_file(folder.path) == file));
    const auto again = import_file(folder.path);
    CHECK(content_of(tensor(again, "dir/matrix")) == data);
    CHECK(content_of(tensor(again, "turned")) ==
          content_of(*checkpoint.models()[0].second.find("turned")->get_if<TensorView>()));
    CHECK(tensor(again, "scalar").rank() == 0);
    CHECK(tensor(again, "none").shape() == Shape{0, 3});
    REQUIRE(folder.write(Checkpoint()));
    const auto empty = import_file(folder.path);
    REQUIRE_MESSAGE(empty, empty.error().to_string());
    CHECK(empty->checkpoint.models()[0].second.empty());
}

TEST_CASE("npz: what NumPy does not have is named, and left out") {
    const NumpyFolder folder;
    const Checkpoint checkpoint = every_dtype();
    std::vector<std::string> left_out;
    for (const Loss& loss : find_losses(checkpoint, FileFormat::npz)) {
        if (loss.reason.ends_with("left out")) left_out.push_back(loss.path);
    }
    CHECK(left_out.size() == 12);
    CHECK(std::find(left_out.begin(), left_out.end(), "model/bf16") != left_out.end());
    CHECK(outcome(folder.write(checkpoint)) == "unsupported/not_held");
    REQUIRE(folder.write(checkpoint, true));
    CHECK(tensor(import_file(folder.path), "c128").dtype().code == Dtype::c128);
    Checkpoint long_name;
    long_name.model("m")[std::string(65'531, 'n')] = TensorView();
    CHECK(find_losses(long_name, FileFormat::npz).empty());
    long_name.model("m")[std::string(65'532, 'n')] = TensorView();
    CHECK(find_losses(long_name, FileFormat::npz).size() == 1);
}

TEST_CASE("npy: one array is written, and the versions of modules are not counted as lost") {
    const NumpyFolder folder;
    const ExportOptions options = {.format = FileFormat::npy};
    CHECK(outcome(export_file(folder.path, Checkpoint(), options)) == "unsupported/not_held");
    const std::string data = pattern(24, 2);
    Checkpoint checkpoint;
    checkpoint.model("m")["w"] = TensorView(*find_dtype(Dtype::f32), {3, 2},
                                            StorageView(milepost::testing::bytes_of(data)), 0, {1, 3});
    Dict versions, version;
    version["version"] = 2;
    versions["bn"] = version;
    checkpoint.model("m").metadata = versions;
    for (const FileFormat format :
         {FileFormat::npy, FileFormat::npz, FileFormat::safetensors, FileFormat::gguf})
        CHECK(find_losses(checkpoint, format).empty());
    REQUIRE(export_file(folder.path, checkpoint, options));
    CHECK(content_of(tensor(import_file(folder.path), "arr_0")) ==
          content_of(*checkpoint.models()[0].second.find("w")->get_if<TensorView>()));
    version["note"] = "x";
    versions["bn"] = version;
    checkpoint.model("m").metadata = versions;
    checkpoint.model("m")["v"] = *checkpoint.models()[0].second.find("w");
    CHECK(find_losses(checkpoint, FileFormat::safetensors).size() == 2);  // metadata, and a tie
    CHECK(find_losses(checkpoint, FileFormat::npy).size() == 3);          // and one array too many
}
