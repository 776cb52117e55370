// Checkpoints that are written as GGUF files.

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "gguf_given.hpp"
#include "support/gguf_file.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

using namespace milepost;
using namespace milepost::testing;

TEST_CASE("gguf export: values without recorded types") {
    Checkpoint checkpoint;
    checkpoint.values()["epoch"] = 3;
    checkpoint.values()["lr"] = 0.5;
    checkpoint.values()["large"] = UINT64_MAX;
    checkpoint.values()["done"] = true;
    checkpoint.values()["name"] = "net";
    checkpoint.values()["losses"] = List{{0.5, 0.25}};
    checkpoint.values()["sizes"] = List{{1, UINT64_MAX}};
    checkpoint.values()["none"] = List{};
    checkpoint.values()["rows"] = List{{List{{1, 2}}, List{}}};
    CHECK(gguf_losses(checkpoint).empty());
    const std::string expected =
        GgufFile()
            .key("epoch", 11, number(std::int64_t{3}))
            .key("lr", 12, number(0.5))
            .key("large", 10, number(UINT64_MAX))
            .key("done", 7, "\x01")
            .key("name", 8, text("net"))
            .key("losses", 9, GgufFile::array(12, {number(0.5), number(0.25)}))
            .key("sizes", 9, GgufFile::array(10, {number(std::uint64_t{1}), number(UINT64_MAX)}))
            .key("none", 9, GgufFile::array(11, {}))
            .key("rows", 9,
                 GgufFile::array(9, {GgufFile::array(11, {number(std::int64_t{1}), number(std::int64_t{2})}),
                                     GgufFile::array(11, {})}))
            .bytes();
    CHECK(exported(checkpoint) == expected);
}

TEST_CASE("gguf export: what is lost is listed, and the rest is written") {
    const std::vector<float> memory(64);
    const std::span<const float> floats(memory);
    const StorageView shared(std::as_bytes(floats));
    const DtypeInfo f32 = *find_dtype(Dtype::f32);
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    model["w"] = TensorView(f32, {2, 3}, shared, 0, {1, 2});
    model["tied"] = TensorView(f32, {4}, shared, 20);
    model["apart"] = TensorView(f32, {4}, shared, 128);
    model["bytes"] = TensorView(*find_dtype(Dtype::u8), {4}, shared);
    model["deep"] = TensorView(f32, {1, 1, 1, 1, 1}, StorageView(std::as_bytes(floats.first(1))));
    model[std::string(64, 'n')] = TensorView::of(floats.first(1), {1});
    model[std::string(63, 'n')] = TensorView::of(floats.last(1), {1});
    model["extra"] = 1;
    model.metadata = Dict{{{Value("note"), Value("x")}}, {}};
    checkpoint.optimizer("sgd").param_groups.emplace_back();
    checkpoint.values()["null"] = nullptr;
    checkpoint.values()["dict"] = Dict{};
    checkpoint.values()["bytes"] = Bytes{};
    checkpoint.values()["mixed"] = List{{1, 2.0}};
    checkpoint.values()["signs"] = List{{-1, UINT64_MAX}};
    checkpoint.values()["levels"] = List{{1, List{{2}}}};
    checkpoint.values()["tuple"] = Tuple{};
    checkpoint.values()["wide"] = wide_integer(0, 1);
    checkpoint.values()["dtype"] = String{"float32", StringSubtype::dtype};
    checkpoint.values()["kept"] = 1;
    const std::string scalar =
        "not a number of 64 bits, a bool, a string or a list of one type of these; left out";
    CHECK(gguf_losses(checkpoint) ==
          std::vector<std::string>{
              "m/tied: it shares bytes with m/w; written as a copy",
              "m/bytes: a dtype that GGUF does not have; left out",
              "m/deep: more than 4 dimensions; left out",
              "m/" + std::string(64, 'n') + ": a name of more than 63 bytes; left out",
              "m/extra: an entry of a model that is not a tensor; left out",
              "m/_metadata: attributes of a model; left out",
              "sgd: an optimizer; left out",
              "null: " + scalar,
              "dict: " + scalar,
              "bytes: " + scalar,
              "mixed: " + scalar,
              "signs: " + scalar,
              "levels: " + scalar,
              "tuple: " + scalar,
              "wide: " + scalar,
              "dtype: " + scalar,
          });
    CHECK(exported(checkpoint) == "unsupported/not_held");
    const Given again(exported(checkpoint, true));
    REQUIRE(again.verdict() == "ok");
    CHECK(again.checkpoint().models()[0].second.size() == 4);
    CHECK(again.shown("kept") == "1");
    CHECK(again.part("metadata")->items.size() == 1);
}

TEST_CASE("gguf export: names of tensors") {
    const std::span<const float> floats = six_floats();
    Checkpoint checkpoint;
    checkpoint.model("a")["w"] = TensorView::of(floats, {6});
    const auto names = [&] {
        std::string all;
        const Given file(exported(checkpoint, true));
        for (const auto& [name, tensor] : file.checkpoint().models()[0].second)
            all += name + ' ';
        return all;
    };
    CHECK(names() == "w ");
    checkpoint.values()["buffer"] = TensorView::of(floats.first(2), {2});
    CHECK(names() == "a/w buffer ");
    checkpoint.values() = {};
    checkpoint.model("b")["w"] = TensorView::of(floats, {6});
    CHECK(names() == "a/w b/w ");
    checkpoint.model("a")["x"] = TensorView::of(floats, {6});
    checkpoint.values()["a/x"] = TensorView::of(floats, {6});
    CHECK(names() == "a/w a/x b/w ");  // the second a/x is a loss
}

TEST_CASE("gguf export: strided tensors are gathered in blocks") {
    std::vector<std::uint16_t> memory(1200 * 1024);
    for (std::size_t i = 0; i < memory.size(); ++i)
        memory[i] = static_cast<std::uint16_t>(i * 7919);
    const StorageView storage(std::as_bytes(std::span<const std::uint16_t>(memory)));
    const DtypeInfo i16 = *find_dtype(Dtype::i16);
    Checkpoint checkpoint;
    checkpoint.model("m")["transposed"] = TensorView(i16, {1024, 1200}, storage, 0, {1, 1024});
    checkpoint.model("m")["columns"] = TensorView(i16, {3, 400'000}, storage, 2, {1, 3});
    checkpoint.model("m")["cube"] = TensorView(i16, {64, 100, 192}, storage, 0, {1, 64, 6400});
    checkpoint.model("m")["planes"] = TensorView(i16, {3, 7, 200'000}, storage, 0, {300'000, 10, 1});
    checkpoint.model("m")["broadcast"] = TensorView(i16, {700, 1000}, storage, 4, {0, 1});
    const Given file(exported(checkpoint, true));
    REQUIRE(file.verdict() == "ok");
    for (const auto& entry : checkpoint.models()[0].second) {
        CAPTURE(entry.first);
        CHECK(same_bytes(*entry.second.get_if<TensorView>(), file.tensor(entry.first)));
    }
}

TEST_CASE("gguf export: types are those of the file unless a value has changed") {
    const std::string bytes = GgufFile()
                                  .key("context", 4, number(4096U))
                                  .key("eps", 6, number(1e-5F))
                                  .key("list", 9, GgufFile::array(4, {number(1U)}))
                                  .bytes();
    Checkpoint checkpoint = Given(bytes).checkpoint();
    Dict& metadata = *checkpoint.values().find("metadata")->get_if<Dict>();
    metadata["context"] = 8192;
    metadata["list"] = List{{1, 2}};
    CHECK(exported(checkpoint) == GgufFile()
                                      .key("context", 4, number(8192U))
                                      .key("eps", 6, number(1e-5F))
                                      .key("list", 9, GgufFile::array(4, {number(1U), number(2U)}))
                                      .bytes());
    metadata["context"] = -1;
    metadata["eps"] = 0.1;  // not a 32-bit float
    metadata["list"] = List{{-1}};
    CHECK(exported(checkpoint) == GgufFile()
                                      .key("context", 11, number(std::int64_t{-1}))
                                      .key("eps", 12, number(0.1))
                                      .key("list", 9, GgufFile::array(11, {number(std::int64_t{-1})}))
                                      .bytes());
    metadata["general.alignment"] = 64;  // an i64: not an alignment
    CHECK(gguf_losses(checkpoint) ==
          std::vector<std::string>{
              "metadata/general.alignment: not a power of two up to 1,048,576, as u32; left out"});
}

TEST_CASE("gguf export: a layout that does not fit, and a call that is ended, leave nothing") {
    const ScratchFolder folder;
    Checkpoint checkpoint;
    checkpoint.model("m")["w"] =
        TensorView(*find_dtype(Dtype::f32), {7}, StorageView(std::as_bytes(six_floats())));
    ExportOptions options;
    options.format = FileFormat::gguf;
    const auto refused = export_file(folder / "x.gguf", checkpoint, options);
    REQUIRE(!refused);
    CHECK(word_of(refused.error()) == "invalid_argument/layout");
    CHECK(names_in(folder.path()).empty());
    checkpoint.model("m")["w"] = TensorView::of(six_floats(), {6});
    options.save.progress = [](const Progress& progress) { return progress.done_nbytes == 0; };
    const auto ended = export_file(folder / "x.gguf", checkpoint, options);
    REQUIRE(!ended);
    CHECK(word_of(ended.error()) == "cancelled/by_caller");
    options.save.progress = [](const Progress&) -> bool { throw std::runtime_error("no"); };
    const auto thrown = export_file(folder / "x.gguf", checkpoint, options);
    REQUIRE(!thrown);
    CHECK(word_of(thrown.error()) == "invalid_argument/callback");
    CHECK(names_in(folder.path()).empty());
}
