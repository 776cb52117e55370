// Checkpoints that are written as files of PyTorch. Whether PyTorch reads them is for
// check_pytorch_export.py.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "convert/objects/checkpoint_of.hpp"
#include "convert/pickle/torch_dtypes.hpp"
#include "convert/pickle/writer.hpp"
#include "convert/pytorch/object_pickle.hpp"
#include "convert/pytorch/torch_values.hpp"
#include "outcome.hpp"
#include "support/same.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_literals;

ExportOptions pytorch(bool lossy = false) {
    ExportOptions options;
    options.format = FileFormat::pytorch;
    options.lossy = lossy;
    options.save.durable = false;
    return options;
}

std::vector<std::string> pytorch_losses(const Checkpoint& checkpoint) {
    std::vector<std::string> lines;
    for (const Loss& loss : find_losses(checkpoint, FileFormat::pytorch))
        lines.push_back(loss.path + ": " + loss.reason);
    return lines;
}

bool same_bytes(const TensorView& a, const TensorView& b) {
    if (a.dtype() != b.dtype() || a.shape() != b.shape() || a.strides() != b.strides()) return false;
    if (a.role() != b.role() || a.requires_grad() != b.requires_grad()) return false;
    if (a.nbytes() > a.storage().nbytes() * 100)
        return a.offset() == b.offset();  // expanded beyond all memory
    const auto left = a.load(), right = b.load();
    return left && right && std::ranges::equal(left->bytes(), right->bytes());
}

Checkpoint again(const Checkpoint& checkpoint, bool lossy = false) {
    const ScratchFolder folder;
    const auto written = export_file(folder / "x.pt", checkpoint, pytorch(lossy));
    INFO((written ? "" : written.error().to_string()));
    REQUIRE(written);
    const auto imported = import_file(folder / "x.pt");
    INFO((imported ? "" : imported.error().to_string()));
    REQUIRE(imported);
    return imported->checkpoint;
}

/// Whether PyTorch sees the same object. Which of its dicts are models can differ: names of parts decide
/// that.
bool same_object(const Checkpoint& a, const Checkpoint& b) {
    return same(convert::objects::object_of(a), convert::objects::object_of(b), same_bytes);
}

std::string pickle_of(const Value& value) {
    const std::string pickle = convert::pytorch::pickle_of(value).pickle;
    return pickle.substr(2, pickle.size() - 3);  // without PROTO and STOP
}

}  // namespace

TEST_CASE("pytorch export: numbers in the shortest opcode that holds them") {
    CHECK(pickle_of(0) == "K\0"s);
    CHECK(pickle_of(255) == "K\xff");
    CHECK(pickle_of(256) == "M\0\1"s);
    CHECK(pickle_of(65'535) == "M\xff\xff");
    CHECK(pickle_of(65'536) == "J\0\0\1\0"s);
    CHECK(pickle_of(-1) == "J\xff\xff\xff\xff");
    CHECK(pickle_of(INT32_MIN) == "J\0\0\0\x80"s);
    CHECK(pickle_of(INT32_MAX) == "J\xff\xff\xff\x7f");
    CHECK(pickle_of(std::int64_t{INT32_MAX} + 1) == "\x8a\x05\0\0\0\x80\0"s);
    CHECK(pickle_of(std::int64_t{INT32_MIN} - 1) == "\x8a\x05\xff\xff\xff\x7f\xff");
    CHECK(pickle_of(UINT64_MAX) == "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0"s);
    CHECK(pickle_of(1.0) == "G\x3f\xf0\0\0\0\0\0\0"s);
    CHECK(pickle_of(nullptr) == "N");
    CHECK(pickle_of(true) == "\x88");
    convert::pickle::Writer writer;
    for (const std::uint64_t number :
         {std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{1} << 31U, UINT64_MAX})
        writer.integer(number);
    CHECK(writer.finish() ==
          "\x80\x02K\x7fK\x80\x8a\x05\0\0\0\x80\0\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0."s);
}

TEST_CASE("pytorch export: containers, batches of a thousand, and the memo") {
    CHECK(pickle_of(List{}) == "]");
    CHECK(pickle_of(List{{1}}) == "]K\1a");
    CHECK(pickle_of(List{{1, 2}}) == "](K\1K\2e");
    CHECK(pickle_of(Tuple{{1, 2, 3}}) == "K\1K\2K\3\x87");
    CHECK(pickle_of(Tuple{{1, 2, 3, 4}}) == "(K\1K\2K\3K\4t");
    CHECK(pickle_of(dict_of({{"a", "a"}})) == "}X\1\0\0\0aq\0h\0s"s);
    CHECK(pickle_of(dict_of({{1, 2}, {3, 4}})) == "}(K\1K\2K\3K\4u");
    CHECK(pickle_of(Bytes{}) == "c_codecs\nencode\nq\0X\0\0\0\0q\1X\6\0\0\0latin1q\2\x86R"s);
    for (const std::size_t size : {999U, 1000U, 1001U, 2000U, 2001U}) {
        CAPTURE(size);
        List list;
        list.items.resize(size);
        const std::string pickle = pickle_of(std::move(list));
        CHECK(std::ranges::count(pickle, '(') + std::ranges::count(pickle, 'a') ==
              static_cast<std::ptrdiff_t>((size + 999) / 1000));
        CHECK(std::ranges::count(pickle, 'e') ==
              static_cast<std::ptrdiff_t>(size / 1000 + (size % 1000 > 1)));
    }
    List texts;
    for (int i = 0; i < 300; ++i)
        texts.items.push_back(std::to_string(i));
    texts.items.push_back("299");
    CHECK(pickle_of(std::move(texts)).ends_with("r\x2b\1\0\0j\x2b\1\0\0e"s));
}

TEST_CASE("pytorch export: deep values do not recurse") {
    Value deep = 1;
    for (int i = 0; i < 200'000; ++i) {
        List outer;
        outer.items.push_back(std::move(deep));
        deep = std::move(outer);
    }
    CHECK(pickle_of(deep).size() == 200'000 * 2 + 2);
}

TEST_CASE("pytorch export: checkpoints come back") {
    struct Row {
        std::string_view what;
        Checkpoint given;
    };
    for (const Row& row :
         {Row{"values", every_value()}, Row{"models", several_models()}, Row{"tied", tied()},
          Row{"sliced", sliced()}, Row{"chunks", many_chunks()}, Row{"shapes", every_shape()}}) {
        CAPTURE(row.what);
        const std::vector<std::string> losses = pytorch_losses(row.given);
        INFO((losses.empty() ? "" : losses.front()));
        CHECK(losses.empty());
        CHECK(same_object(row.given, again(row.given)));
    }
}

TEST_CASE("pytorch export: ties and views keep their storage, of one dtype or of several") {
    const std::vector<float> memory(16, 1.5F);
    const StorageView storage(std::as_bytes(std::span<const float>(memory)));
    Checkpoint checkpoint;
    Entries& values = checkpoint.values();
    values["whole"] = TensorView(*find_dtype(Dtype::f32), {4, 4}, storage);
    values["column"] = TensorView(*find_dtype(Dtype::f32), {4}, storage, 4, {4});
    const auto typed =
        convert::pytorch::pickle_of(dict_of({{"a", *values.find("whole")}, {"b", *values.find("column")}}));
    CHECK(typed.storages.size() == 1);
    CHECK(typed.pickle.find("FloatStorage") != std::string::npos);
    CHECK(typed.pickle.find("_v3") == std::string::npos);
    values["bits"] = TensorView(*find_dtype(Dtype::i32), {2}, storage, 8);
    values["byte"] = TensorView(*find_dtype(Dtype::u8), {1}, storage, 63);
    const Checkpoint back = again(checkpoint);
    CHECK(same_object(checkpoint, back));
    const StateDict& views = back.models().front().second;  // a dict of tensors is one
    for (const auto& entry : views) {
        CAPTURE(entry.first);
        const TensorView& view = *entry.second.get_if<TensorView>();
        CHECK(view.storage() == views.find("whole")->get_if<TensorView>()->storage());
        CHECK(view.offset() == values.find(entry.first)->get_if<TensorView>()->offset());
    }
    const StorageView odd(std::as_bytes(std::span<const float>(memory)).first(7));  // no number of floats
    Checkpoint cut;
    cut.values()["x"] = TensorView(*find_dtype(Dtype::f32), {1}, odd);
    CHECK(same_object(cut, again(cut)));
}

TEST_CASE("pytorch export: roles and requires_grad") {
    const TensorView plain = TensorView::of(six_floats(), {6});
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    model["plain"] = plain;
    model["trained"] = plain.with_role(Role::parameter, true);
    model["frozen"] = plain.with_role(Role::parameter);
    model["buffer"] = plain.with_role(Role::buffer);
    model["leaf"] = plain.with_role(Role::plain, true);
    CHECK(pytorch_losses(checkpoint).empty());
    CHECK(same_object(checkpoint, again(checkpoint)));
}

TEST_CASE("pytorch export: what is lost is listed, and is None in the file") {
    Checkpoint checkpoint;
    const std::array<std::byte, 4> memory = {};
    const std::span<const std::byte> bytes(memory);
    checkpoint.model("m")["f6"] = TensorView(*find_dtype(Dtype::f6_e2m3fn), {4}, StorageView(bytes.first(3)));
    checkpoint.model("m")["f8"] = TensorView(*find_dtype(Dtype::f8_e4m3), {4}, StorageView(bytes));
    checkpoint.model("m")["f4"] =
        TensorView(*find_dtype(Dtype::f4_e2m1fn), {2, 1}, StorageView(bytes.first(1)));
    checkpoint.model("m")["block"] =
        TensorView({static_cast<Dtype>(130), 32, "ggml.x"}, {1}, StorageView(bytes));
    checkpoint.model("m")["int"] =
        TensorView(*find_dtype(Dtype::i8), {4}, StorageView(bytes)).with_role(Role::parameter, true);
    checkpoint.optimizer("sgd").algorithm = "SGD";
    checkpoint.values()["v"] =
        List{{1, String{"torch.float7", StringSubtype::dtype}, String{"a b", StringSubtype::device},
              String{"x", StringSubtype::layout}, Value(std::string("\xff")),
              Integer{std::vector<std::byte>(256, std::byte{1})}}};
    Dict attributed = dict_of({{1, 2}});
    attributed.attributes.emplace_back("a", 1);
    checkpoint.values()["d"] = attributed;
    CHECK(pytorch_losses(checkpoint) ==
          std::vector<std::string>{
              "m/f6: a dtype that PyTorch does not have; written as None",
              "m/f8: a dtype that PyTorch does not have; written as None",
              "m/f4: 4-bit elements in a row of odd size; written as None",
              "m/block: a dtype that PyTorch does not have; written as None",
              "m/int: requires_grad, which only floats have; written without it",
              "v/1: a dtype that PyTorch does not have; written as None",
              "v/2: a device that PyTorch does not have; written as None",
              "v/3: a layout that PyTorch does not have; written as None",
              "v/4: a text that is not UTF-8; written as None",
              "v/5: an int of more than 255 bytes; written as None",
              "d: attributes of a dict that is not an OrderedDict; written without them",
              "sgd: the name of its algorithm, SGD; left out",
          });
    const ScratchFolder folder;
    const auto refused = export_file(folder / "x.pt", checkpoint, pytorch());
    REQUIRE(!refused);
    CHECK(word_of(refused.error()) == "unsupported/not_held");
    const Checkpoint back = again(checkpoint, true);
    CHECK(to_string(*back.values().find("v")) == "[1, None, None, None, None, None]");
    CHECK(to_string(*back.values().find("d")) == "{1: 2}");
}

TEST_CASE("pytorch export: of a file of tensors, its tensors are the object") {
    Checkpoint checkpoint;
    checkpoint.model("model")["w"] = TensorView::of(six_floats(), {6});
    checkpoint.values()["metadata"] = dict_of({{"format", "pt"}});
    checkpoint.values()["milepost.python"] = dict_of({{"root", "model"}});
    CHECK(pytorch_losses(checkpoint) ==
          std::vector<std::string>{"metadata: the object of the checkpoint is model; left out"});
    const Checkpoint back = again(checkpoint, true);
    CHECK(back.values().find("metadata") == nullptr);
    CHECK(back.models().size() == 1);
}

TEST_CASE("pytorch export: the folder of the archive, and equal bytes for equal checkpoints") {
    const ScratchFolder folder;
    const auto written = [&](const std::string& name, const Checkpoint& checkpoint) {
        REQUIRE(export_file(folder / name, checkpoint, pytorch()));
        return read_file(folder / name);
    };
    const auto has = [](const std::string& bytes, std::string_view entry) {
        return bytes.find(entry) != std::string::npos;
    };
    const Checkpoint checkpoint = tied();
    CHECK(has(written("a.b.pt", checkpoint), "a.b/data.pkl"));
    CHECK(has(written("weights", checkpoint), "weights/data.pkl"));
    CHECK(has(written(".pt", checkpoint), "archive/data.pkl"));
    CHECK(has(written("\xff.pt", checkpoint), "archive/data.pkl"));
    CHECK(written("a.b.pt", checkpoint) == written("a.b.pt", checkpoint));
    Checkpoint one, other;
    one.values()["s"] = Set{{1, "a", Tuple{{2}}}};
    other.values()["s"] = Set{{Tuple{{2}}, 1, "a"}};
    CHECK(written("s.pt", one) == written("s.pt", other));
}

TEST_CASE("pytorch export: a layout that does not fit leaves the old file") {
    const ScratchFolder folder;
    write_file(folder / "x.pt", "old");
    Checkpoint checkpoint;
    checkpoint.model("m")["w"] =
        TensorView(*find_dtype(Dtype::f32), {7}, StorageView(std::as_bytes(six_floats())));
    const auto refused = export_file(folder / "x.pt", checkpoint, pytorch());
    REQUIRE(!refused);
    CHECK(word_of(refused.error()) == "invalid_argument/layout");
    CHECK(read_file(folder / "x.pt") == "old");
    CHECK(names_in(folder.path()).size() == 1);
}

TEST_CASE("pytorch export: each dtype has the name that the importer knows") {
    std::size_t count = 0;
    for (int code = 0; code < 256; ++code) {
        const auto info = find_dtype(static_cast<Dtype>(code));
        const auto* found = info ? convert::pytorch::find_storage_class(*info) : nullptr;
        if (found == nullptr) continue;
        ++count;
        const auto* torch = convert::pickle::find_torch_dtype(found->torch_name);
        REQUIRE(torch != nullptr);
        CHECK(torch->dtype == info->code);
    }
    CHECK(count == 21);
}
