#include <doctest/doctest.h>

#include <algorithm>
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

#include "convert/safetensors/shard_index.hpp"
#include "outcome.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;

/// A file with this header, and data of so many bytes.
std::string file_of(std::string_view json, std::size_t data_nbytes) {
    std::string size(8, '\0');
    for (std::size_t i = 0; i < 8; ++i)
        size[i] = static_cast<char>(static_cast<unsigned char>(json.size() >> (8 * i)));
    return size + std::string(json) + pattern(data_nbytes, 1);
}

std::string entry(std::string_view name, std::string_view dtype, std::string_view shape,
                  std::string_view offsets) {
    return "\"" + std::string(name) + R"(":{"dtype":")" + std::string(dtype) + R"(","shape":[)" +
           std::string(shape) + R"(],"data_offsets":[)" + std::string(offsets) + "]}";
}

struct SafetensorsFolder {
    ScratchFolder scratch;
    std::string path = scratch / "model.safetensors";

    Result<Imported> import(std::string_view content, const Limits& limits = {}) const {
        write_file(path, content);
        return import_file(path, {.format = FileFormat::safetensors, .limits = limits});
    }
    std::string outcome_of(std::string_view json, std::size_t data_nbytes, const Limits& limits = {}) const {
        return outcome(import(file_of(json, data_nbytes), limits));
    }
    Result<std::string> write(const Checkpoint& checkpoint, const ExportOptions& options = {}) const {
        ExportOptions used = options;
        used.format = FileFormat::safetensors;
        used.save.durable = false;
        return export_file(path, checkpoint, used);
    }
};

std::string bytes_of(const TensorView& tensor) {
    const auto loaded = tensor.load();
    REQUIRE(loaded);
    const auto bytes = loaded->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const TensorView& tensor(const Checkpoint& checkpoint, std::string_view name) {
    REQUIRE(checkpoint.models().size() == 1);
    const Value* value = checkpoint.models()[0].second.find(name);
    REQUIRE(value != nullptr);
    return *value->get_if<TensorView>();
}

std::vector<std::string> names_of(const Checkpoint& checkpoint) {
    std::vector<std::string> names;
    for (const auto& item : checkpoint.models()[0].second)
        names.push_back(item.first);
    return names;
}

TensorView floats(Shape shape, float first = 0) {
    auto data = std::make_shared<std::vector<float>>();
    std::size_t count = 1;
    for (const auto size : shape)
        count *= static_cast<std::size_t>(size);
    for (std::size_t i = 0; i < count; ++i)
        data->push_back(first + static_cast<float>(i));
    return TensorView(*find_dtype(Dtype::f32), std::move(shape),
                      StorageView(std::as_bytes(std::span(*data)), data));
}

}  // namespace

TEST_CASE("safetensors: tensors in the order of the data, and metadata") {
    const SafetensorsFolder folder;
    const std::string json = "{" + entry("b", "F32", "2,2", "2,18") +
                             R"(,"__metadata__":{"z":"1","a":"\u00e9"},)" +
                             entry("none", "BF16", "0", "2,2") + "," + entry("a", "I16", "", "0,2") + "}   ";
    const auto imported = folder.import(file_of(json, 18));
    REQUIRE_MESSAGE(imported, imported.error().to_string());
    const Checkpoint& checkpoint = imported->checkpoint;
    CHECK(names_of(checkpoint) == std::vector<std::string>{"a", "none", "b"});
    const std::string data = pattern(18, 1);
    CHECK(bytes_of(tensor(checkpoint, "a")) == data.substr(0, 2));
    CHECK(tensor(checkpoint, "a").rank() == 0);
    CHECK(bytes_of(tensor(checkpoint, "b")) == data.substr(2));
    CHECK(tensor(checkpoint, "b").shape() == Shape{2, 2});
    CHECK(tensor(checkpoint, "none").dtype().code == Dtype::bf16);
    CHECK(checkpoint.order() == std::vector<std::string>{"model", "metadata", "milepost.python"});
    const Dict* metadata = checkpoint.values().find("metadata")->get_if<Dict>();
    REQUIRE(metadata->items.size() == 2);
    CHECK(*metadata->items[0].first.as_string() == "z");
    CHECK(*metadata->find("a")->as_string() == "\u00e9");
    CHECK(folder.outcome_of("{}", 0) == "good");
    CHECK(folder.import(file_of(R"({"__metadata__":null})", 0))->checkpoint.values().find("metadata") ==
          nullptr);
}

TEST_CASE("safetensors: the data is filled without a hole or an overlap") {
    const SafetensorsFolder folder;
    const std::string one = entry("a", "U8", "3", "0,3");
    const auto two = [&](std::string_view offsets) {
        return "{" + one + "," + entry("b", "U8", "2", offsets) + "}";
    };
    CHECK(folder.outcome_of(two("3,5"), 5) == "good");
    CHECK(folder.outcome_of(two("2,4"), 5) == "corrupt/foreign");
    CHECK(folder.outcome_of(two("4,6"), 6) == "corrupt/foreign");
    CHECK(folder.outcome_of(two("3,5"), 6) == "corrupt/foreign");
    CHECK(folder.outcome_of(two("3,5"), 4) == "truncated/cut");
    CHECK(folder.outcome_of("{" + entry("b", "U8", "2", "1,3") + "}", 3) == "corrupt/foreign");
    const auto cut = folder.import(file_of(two("3,5"), 4));
    CHECK(cut.error().message() == "safetensors file: it has 4 of 5 bytes of data");
}

TEST_CASE("safetensors: sizes are those of shape and dtype, in whole bytes") {
    const SafetensorsFolder folder;
    const auto one = [&](std::string_view dtype, std::string_view shape, std::string_view offsets,
                         std::size_t nbytes) {
        return folder.outcome_of("{" + entry("a", dtype, shape, offsets) + "}", nbytes);
    };
    CHECK(one("F32", "2", "0,8", 8) == "good");
    CHECK(one("F32", "2", "0,7", 7) == "corrupt/foreign");
    CHECK(one("F32", "2", "0,9", 9) == "corrupt/foreign");
    CHECK(one("F32", "2", "8,0", 8) == "corrupt/foreign");
    CHECK(one("F4", "2,3", "0,3", 3) == "good");
    CHECK(one("F4", "3", "0,2", 2) == "corrupt/foreign");
    CHECK(one("F6_E2M3", "4", "0,3", 3) == "good");
    CHECK(one("F6_E2M3", "3", "0,3", 3) == "corrupt/foreign");
    CHECK(one("U8", "4294967296,4294967296", "0,0", 0) == "corrupt/foreign");
    CHECK(one("U8", "0,4294967296,4294967296", "0,0", 0) == "good");
    CHECK(one("U8", "18446744073709551615", "0,0", 0) == "corrupt/foreign");
    CHECK(one("U8", "18446744073709551616", "0,0", 0) == "corrupt/foreign");
    CHECK(one("U8", "-1", "0,0", 0) == "corrupt/foreign");
    CHECK(one("U8", "1.0", "0,1", 1) == "corrupt/foreign");
    CHECK(one("C128", "1", "0,16", 16) == "unsupported/dtype");
}

TEST_CASE("safetensors: every dtype of the format") {
    const SafetensorsFolder folder;
    for (const std::string_view word :
         {"BOOL",    "F4",          "F6_E2M3",     "F6_E3M2", "U8",  "I8",  "F8_E5M2", "F8_E4M3",
          "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16",     "U16", "F16", "BF16",    "I32",
          "U32",     "F32",         "C64",         "F64",     "I64", "U64"}) {
        CAPTURE(word);
        CHECK(folder.outcome_of("{" + entry("a", word, "0", "0,0") + "}", 0) == "good");
    }
}

TEST_CASE("safetensors: a header that is not of the form is refused") {
    const SafetensorsFolder folder;
    const std::string one = entry("a", "U8", "1", "0,1");
    const std::pair<std::string, std::string_view> rows[] = {
        {"{" + one + "}", "good"},
        {"{" + one + "}  ", "good"},
        {"{ " + one + "\n}", "good"},
        {"{" + one + "}\n", "corrupt/foreign"},
        {" {" + one + "}", "corrupt/foreign"},
        {"{" + one + "}" + std::string("\0 }", 3), "corrupt/foreign"},
        {"{" + one + "}{}", "corrupt/foreign"},
        {"{" + one + ",}", "corrupt/foreign"},
        {"{" + one, "corrupt/foreign"},
        {"{" + one + "," + one + "}", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":{},"__metadata__":{}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":null,"__metadata__":{}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":{"a":"1","a":"1"}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":{"a":1}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":{"a":{}}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":{"a":null}})", "corrupt/foreign"},
        {"{" + one + R"(,"__metadata__":[]})", "corrupt/foreign"},
        {"{" + one + R"(,"b":null})", "corrupt/foreign"},
        {"{" + one + R"(,"b":[]})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"shape":[1],"data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[[1]],"data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":["U8"],"shape":[1],"data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", "corrupt/foreign"},
        {R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"bias":1}})", "unsupported/feature"},
        {"{" + entry("", "U8", "1", "0,1") + "}", "corrupt/foreign"},
        {"{" + entry("a\\u0000", "U8", "1", "0,1") + "}", "corrupt/foreign"},
        {"{" + entry("\\ud800", "U8", "1", "0,1") + "}", "corrupt/foreign"},
        {"{" + entry("\xff", "U8", "1", "0,1") + "}", "corrupt/foreign"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.first);
        CHECK(folder.outcome_of(row.first, 1) == row.second);
    }
}

TEST_CASE("safetensors: a deep header takes no stack") {
    const SafetensorsFolder folder;
    CHECK(folder.outcome_of("{\"a\":" + std::string(1'000'000, '['), 0) == "corrupt/foreign");
    CHECK(folder.outcome_of("{\"a\":" + std::string(1'000'000, '{'), 0) == "corrupt/foreign");
}

TEST_CASE("safetensors: sizes of the header at -1, 0, +1") {
    const SafetensorsFolder folder;
    const std::string whole = file_of("{" + entry("a", "U8", "1", "0,1") + "}", 1);
    for (std::size_t nbytes = 0; nbytes < whole.size(); ++nbytes) {
        CAPTURE(nbytes);
        CHECK(outcome(folder.import(whole.substr(0, nbytes))) == "truncated/cut");
    }
    std::string large = file_of("{}", 0);
    large.replace(0, 8, std::string("\x00\xe1\xf5\x05\0\0\0\0", 8));  // 100,000,000
    CHECK(outcome(folder.import(large)) == "truncated/cut");
    large[0] = 1;
    CHECK(outcome(folder.import(large)) == "corrupt/foreign");
    Limits limits;
    const std::uint64_t nbytes = whole.size() - 9;
    for (const auto& [limit, expected] :
         {std::pair(nbytes - 1, "limit_exceeded/index_bytes"), {nbytes, "good"}, {nbytes + 1, "good"}}) {
        limits.max_index_bytes = limit;
        CHECK(outcome(folder.import(whole, limits)) == expected);
    }
}

TEST_CASE("safetensors: limits of tensors at -1, 0, +1") {
    const SafetensorsFolder folder;
    const std::string json =
        "{" + entry("abc", "U8", "1,1,1", "0,1") + "," + entry("d", "U8", "1", "1,2") + "}";
    const auto check = [&](auto member, std::uint64_t bound, std::string_view condition) {
        for (const std::uint64_t limit : {bound - 1, bound, bound + 1}) {
            Limits limits;
            limits.*member = static_cast<std::remove_reference_t<decltype(limits.*member)>>(limit);
            const std::string expected = limit < bound ? "limit_exceeded/" + std::string(condition) : "good";
            CHECK(folder.outcome_of(json, 2, limits) == expected);
        }
    };
    check(&Limits::max_records, 2, "records");
    check(&Limits::max_rank, 3, "rank");
    check(&Limits::max_name_bytes, 3, "name_bytes");
    check(&Limits::max_decoded_bytes, 1024, "decoded_bytes");
}

TEST_CASE("safetensors: names of shards are plain") {
    using convert::safetensors::is_shard_name;
    CHECK(is_shard_name("model-00001-of-00002.safetensors"));
    CHECK(is_shard_name(std::string(255, 'a')));
    for (const std::string_view name : {"", ".a", "..", "a/b", "/a", "a\\b", "a b", "a:b", "\xc3\xa9"})
        CHECK(!is_shard_name(name));
    CHECK(!is_shard_name(std::string(256, 'a')));
}

namespace {

struct Shards : SafetensorsFolder {
    std::string index = scratch / "model.safetensors.index.json";

    Shards() {
        write_file(scratch / "1.st",
                   file_of("{" + entry("a", "U8", "2", "0,2") + R"(,"__metadata__":{"format":"pt"}})", 2));
        write_file(scratch / "2.st",
                   file_of("{" + entry("c", "U8", "1", "1,2") + "," + entry("b", "U8", "1", "0,1") + "}", 2));
    }
    Result<Imported> import_index(std::string_view json, const Limits& limits = {}) const {
        write_file(index, json);
        return import_file(index, {.limits = limits});
    }
    std::string map(std::string_view items, std::string_view before = "") const {
        return outcome(
            import_index("{" + std::string(before) + R"("weight_map":{)" + std::string(items) + "}}"));
    }
};

}  // namespace

TEST_CASE("safetensors: shards become one model") {
    const Shards shards;
    const auto imported = shards.import_index(
        R"({"metadata":{"total_size":4,"x":[{"y":null}]},"weight_map":{"c":"2.st","a":"1.st","b":"2.st"}})");
    REQUIRE_MESSAGE(imported, imported.error().to_string());
    CHECK(names_of(imported->checkpoint) == std::vector<std::string>{"a", "b", "c"});
    CHECK(bytes_of(tensor(imported->checkpoint, "c")) == pattern(2, 1).substr(1));
    CHECK(imported->checkpoint.values().find("metadata") != nullptr);
    CHECK(shards.map(R"("c":"2.st","a":"1.st","b":"2.st")", R"("metadata":{"total_size":4.0},)") == "good");
}

TEST_CASE("safetensors: an index that does not fit its shards is refused") {
    const Shards shards;
    const std::string all = R"("c":"2.st","a":"1.st","b":"2.st")";
    CHECK(shards.map(all) == "good");
    CHECK(shards.map(R"("a":"1.st","b":"2.st")") == "corrupt/foreign");
    CHECK(shards.map(all + R"(,"d":"2.st")") == "corrupt/foreign");
    CHECK(shards.map(R"("c":"2.st","a":"1.st","b":"1.st")") == "corrupt/foreign");
    CHECK(shards.map(all + R"(,"d":"3.st")") == "not_found/file");
    CHECK(shards.map(R"("a":"../1.st")") == "corrupt/foreign");
    CHECK(shards.map(R"("a":"/etc/passwd")") == "corrupt/foreign");
    CHECK(shards.map(all, R"("metadata":{"total_size":3},)") == "corrupt/foreign");
    CHECK(shards.map(all, R"("metadata":{"total_size":-4},)") == "corrupt/foreign");
    CHECK(shards.map(all, R"("metadata":{"total_size":4.5},)") == "corrupt/foreign");
    CHECK(shards.map(all, R"("metadata":{"total_size":1e300},)") == "corrupt/foreign");
    CHECK(shards.map(all + R"(,"a":"1.st")") == "corrupt/foreign");
    CHECK(shards.map(all, R"("metadata":{"a":1,"a":1},)") == "corrupt/foreign");
    CHECK(shards.map(all, R"("weight_map":{},)") == "corrupt/foreign");
    CHECK(shards.map(R"("a":1)") == "corrupt/foreign");
    CHECK(shards.map(R"("a":["1.st"])") == "corrupt/foreign");
    CHECK(shards.map(R"("a":{})") == "corrupt/foreign");
    CHECK(outcome(shards.import_index(R"({"weight_map":[]})")) == "corrupt/foreign");
    Limits limits;
    limits.max_depth = 2;
    const std::string deep = R"({"x":[[]],"weight_map":{)" + all + "}}";
    CHECK(outcome(shards.import_index(deep, limits)) == "limit_exceeded/depth");
    limits.max_depth = 3;
    CHECK(outcome(shards.import_index(deep, limits)) == "good");
    write_file(shards.scratch / "2.st",
               file_of("{" + entry("b", "U8", "1", "0,1") + "," + entry("c", "U8", "1", "1,2") +
                           R"(,"__metadata__":{"format":"tf"}})",
                       2));
    CHECK(shards.map(all) == "unsupported/feature");
    write_file(shards.scratch / "2.st", "");
    CHECK(shards.map(all) == "truncated/cut");
}

TEST_CASE(
    "safetensors: an exported file has the form of the reference writer, its data at a multiple of 64") {
    const SafetensorsFolder folder;
    Checkpoint checkpoint;
    checkpoint.model("net")["b"] = floats({2}, 1);
    checkpoint.model("net")["a"] = floats({1, 2}, 3);
    static constexpr std::uint16_t kHalf = 5;
    checkpoint.model("net")["0"] = TensorView::of(std::span(&kHalf, 1), {});
    Dict metadata;
    metadata["format"] = "pt";
    checkpoint.values()["metadata"] = metadata;
    REQUIRE(folder.write(checkpoint));
    const std::string file = read_file(folder.path);
    const std::string expected =
        R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
        R"("b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"0":{"dtype":"U16","shape":[],"data_offsets":[16,18]}})";
    CHECK(file.substr(8, expected.size()) == expected);
    CHECK(file.size() % 64 == 18);
    CHECK(file.find_first_not_of(' ', 8 + expected.size()) == file.size() - 18);
    const auto again = import_file(folder.path);
    REQUIRE(again);
    CHECK(bytes_of(tensor(again->checkpoint, "b")) == bytes_of(floats({2}, 1)));
}

TEST_CASE("safetensors: strides are gathered, and memory does not grow with the tensor") {
    const SafetensorsFolder folder;
    Checkpoint checkpoint;
    const TensorView base = floats({300, 1000});
    const TensorView transposed(base.dtype(), {1000, 300}, base.storage(), 0, {1, 1000});
    checkpoint.model("m")["t"] = transposed;
    checkpoint.model("m")["row"] = *base.slice({{7, 8}});
    CHECK(find_losses(checkpoint, FileFormat::safetensors).size() == 1);  // tied
    REQUIRE(folder.write(checkpoint, {.lossy = true}));
    const auto again = import_file(folder.path);
    REQUIRE(again);
    CHECK((bytes_of(tensor(again->checkpoint, "t")) == bytes_of(transposed)));
    CHECK(bytes_of(tensor(again->checkpoint, "row")) == bytes_of(*base.slice({{7, 8}})));
}

TEST_CASE("safetensors: what the format cannot hold is named before anything is written") {
    const SafetensorsFolder folder;
    Checkpoint checkpoint = every_dtype();
    static const std::vector<float> kShared(4);
    StateDict& model = checkpoint.model("more");
    model["a"] = TensorView::of(std::span<const float>(kShared), {4});
    model["tied"] = TensorView::of(std::span<const float>(kShared), {2, 2});
    model["extra"] = 3;
    checkpoint.optimizer("sgd").param_groups.emplace_back();
    checkpoint.values()["epoch"] = 3;
    Dict metadata;
    metadata["text"] = "kept";
    metadata["number"] = 3;
    checkpoint.values()["metadata"] = metadata;
    std::vector<std::string> losses;
    for (const Loss& loss : find_losses(checkpoint, FileFormat::safetensors))
        losses.push_back(loss.path + ": " + loss.reason);
    const auto has = [&](std::string_view begin) {
        return std::any_of(losses.begin(), losses.end(),
                           [&](const std::string& loss) { return loss.starts_with(begin); });
    };
    CHECK(has("more/tied: tied to more/a: stored twice"));
    CHECK(has("more/extra: a value of kind int"));
    CHECK(has("sgd: an optimizer"));
    CHECK(has("epoch: a value of kind int"));
    CHECK(has("metadata/number: "));
    CHECK(!has("metadata/text"));
    const auto refused = folder.write(checkpoint);
    CHECK(outcome(refused) == "unsupported/not_held");
    CHECK(names_in(folder.scratch.path()).empty());
    REQUIRE(folder.write(checkpoint, {.lossy = true}));
    const auto again = import_file(folder.path);
    REQUIRE(again);
    const auto names = names_of(again->checkpoint);
    CHECK(std::find(names.begin(), names.end(), "more/tied") != names.end());
    CHECK(std::find(names.begin(), names.end(), "more/extra") == names.end());
    CHECK(again->checkpoint.values().find("metadata")->get_if<Dict>()->items.size() == 1);
}

TEST_CASE("safetensors: two tensors of one name, and the name of the metadata") {
    Checkpoint checkpoint;
    checkpoint.model("m")["a/b"] = floats({1});
    checkpoint.model("m/a")["b"] = floats({1});
    checkpoint.model("m")["__metadata__"] = floats({1});
    auto losses = find_losses(checkpoint, FileFormat::safetensors);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].path == "m/a/b");
    Checkpoint single;
    single.model("m")["__metadata__"] = floats({1});
    losses = find_losses(single, FileFormat::safetensors);
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].path == "m/__metadata__");
}

TEST_CASE("safetensors: shards are cut at the limit, and the index comes last") {
    const SafetensorsFolder folder;
    Checkpoint checkpoint;
    for (int i = 0; i < 5; ++i)
        checkpoint.model("m")["t" + std::to_string(i)] = floats({10}, static_cast<float>(i));
    const auto files_of = [&](std::uint64_t limit) {
        for (const std::string& name : names_in(folder.scratch.path()))
            std::remove((folder.scratch / name).c_str());
        REQUIRE(folder.write(checkpoint, {.max_shard_nbytes = limit}));
        return names_in(folder.scratch.path());
    };
    CHECK(files_of(0) == std::vector<std::string>{"model.safetensors"});
    CHECK(files_of(200) == std::vector<std::string>{"model.safetensors"});
    CHECK(files_of(199).size() == 3);
    CHECK(files_of(79).size() == 6);
    CHECK(files_of(1).size() == 6);  // a tensor is never cut
    CHECK(files_of(80) ==
          std::vector<std::string>{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors",
                                   "model-00003-of-00003.safetensors", "model.safetensors.index.json"});
    const std::string index = folder.scratch / "model.safetensors.index.json";
    const auto imported = import_file(index);
    REQUIRE_MESSAGE(imported, imported.error().to_string());
    CHECK(imported->format == FileFormat::safetensors);
    CHECK(imported->checkpoint.models()[0].second.size() == 5);
    CHECK(bytes_of(tensor(imported->checkpoint, "t4")) == bytes_of(floats({10}, 4)));
    CHECK(read_file(index).find("\"total_size\": 200") != std::string::npos);
}

TEST_CASE("safetensors: shards that fail leave no index, also not that of an earlier set") {
    const SafetensorsFolder folder;
    Checkpoint checkpoint;
    checkpoint.model("m")["a"] = floats({10});
    checkpoint.model("m")["b"] = floats({10});
    const ExportOptions options = {.max_shard_nbytes = 40};
    REQUIRE(folder.write(checkpoint, options));
    REQUIRE(names_in(folder.scratch.path()).size() == 3);
    ExportOptions cancelled = options;
    cancelled.save.progress = [](const Progress& progress) { return progress.done_nbytes < 80; };
    CHECK(outcome(folder.write(checkpoint, cancelled)) == "cancelled/by_caller");
    CHECK(names_in(folder.scratch.path()) ==
          std::vector<std::string>{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"});
    REQUIRE(folder.write(checkpoint, options));
    ExportOptions create_only = options;
    create_only.save.create_only = true;
    CHECK(outcome(folder.write(checkpoint, create_only)) == "invalid_argument/target");
    CHECK(names_in(folder.scratch.path()).size() == 3);
    ExportOptions spaced = options;
    spaced.format = FileFormat::safetensors;
    CHECK(outcome(export_file(folder.scratch / "my model.safetensors", checkpoint, spaced)) ==
          "invalid_argument/target");
}
