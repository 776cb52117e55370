#include <doctest/doctest.h>

#include <algorithm>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

// The content digest, docs/format.md, section 6.7: the same for the same content, another for any other.
namespace {

using namespace milepost;
using namespace milepost::testing;

Reader reader_of(const Checkpoint& checkpoint, const SaveOptions& options = {}) {
    const auto file = save_bytes(checkpoint, options);
    REQUIRE_MESSAGE(file, file.error().message());
    auto reader = open_bytes(*file);
    REQUIRE_MESSAGE(reader, reader.error().message());
    return *std::move(reader);
}

std::string digest_of(const Checkpoint& checkpoint, const SaveOptions& options = {}) {
    return reader_of(checkpoint, options).digest().to_string();
}

/// By path: orders change the numbers of tensors.
std::map<std::string, std::string> tensor_digests(const Reader& reader) {
    std::map<std::string, std::string> digests;
    for (std::uint32_t i = 0; i < reader.tensor_count(); ++i)
        digests[reader.tensor_path(i)] += reader.tensor_digest(i)->to_string();
    return digests;
}

using Pairs = StableVector<std::pair<Value, Value>>;

Value reversed(const Value& value);

Pairs reversed(const Pairs& items) {
    std::vector<std::pair<Value, Value>> turned;
    for (const auto& [key, item] : items)
        turned.emplace_back(key, reversed(item));
    std::reverse(turned.begin(), turned.end());
    Pairs made;
    for (auto& item : turned)
        made.push_back(std::move(item));
    return made;
}

/// Items of dicts in the opposite order, at any depth.
Value reversed(const Value& value) {
    if (const auto* dict = value.get_if<Dict>())
        return Dict{reversed(dict->items), reversed(dict->attributes), dict->subtype};
    if (const auto* list = value.get_if<List>()) {
        List made;
        for (const Value& item : list->items)
            made.items.push_back(reversed(item));
        return made;
    }
    if (const auto* tuple = value.get_if<Tuple>()) {
        Tuple made{{}, tuple->subtype};
        for (const Value& item : tuple->items)
            made.items.push_back(reversed(item));
        return made;
    }
    return value;
}

void add_reversed(const Entries& from, Entries& to) {
    for (std::size_t i = from.size(); i-- > 0;)
        to.add(from.items()[i].first, reversed(from.items()[i].second));
}

OptimizerState reversed(const OptimizerState& optimizer) {
    OptimizerState made;
    made.algorithm = optimizer.algorithm;
    made.param_keys.assign(optimizer.param_keys.rbegin(), optimizer.param_keys.rend());
    const auto renumbered = [&](std::uint64_t param) {
        return made.param_keys.empty() ? param : made.param_keys.size() - 1 - param;
    };
    for (const ParamGroup& from : optimizer.param_groups) {
        ParamGroup& group = made.param_groups.emplace_back();
        add_reversed(from.hyperparameters, group.hyperparameters);
        for (const std::uint64_t param : from.params)
            group.params.push_back(renumbered(param));
        group.param_names = from.param_names;
        group.params_position = 0;
        if (from.param_names) group.param_names_position = 1;
    }
    for (const auto& [param, entries] : optimizer.state)
        add_reversed(entries, made.state[renumbered(param)]);
    add_reversed(optimizer.state_extra, made.state_extra);
    add_reversed(optimizer.extra, made.extra);
    return made;
}

/// The same content with every order of names turned round, and so its storages too.
Checkpoint reversed(const Checkpoint& checkpoint) {
    Checkpoint made;
    std::vector<std::string> order;
    for (std::size_t i = checkpoint.models().size(); i-- > 0;) {
        const auto& [name, model] = checkpoint.models()[i];
        StateDict& copy = made.model(name);
        add_reversed(model, copy);
        copy.metadata = reversed(model.metadata);
        order.push_back(name);
    }
    for (std::size_t i = checkpoint.optimizers().size(); i-- > 0;) {
        const auto& [name, optimizer] = checkpoint.optimizers()[i];
        made.optimizer(name) = reversed(optimizer);
        order.insert(order.begin(), name);
    }
    add_reversed(checkpoint.values(), made.values());
    for (const auto& [name, value] : made.values())
        order.insert(order.begin(), name);
    made.set_order(order);
    return made;
}

/// Something of everything that can be changed.
Checkpoint base_checkpoint() {
    static const std::vector<std::byte> bytes = make_bytes(256, 3), other = make_bytes(64, 4);
    const DtypeInfo f32 = *find_dtype(Dtype::f32), u8 = *find_dtype(Dtype::u8);
    const StorageView storage{std::span(bytes)};
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["weight"] = TensorView(f32, {4, 6}, storage).with_role(Role::parameter, true);
    net["tied"] = TensorView(f32, {4, 6}, storage).with_role(Role::parameter, true);
    net["columns"] = TensorView(f32, {6, 1, 4}, storage, 0, {1, 7, 6});
    net["empty"] = TensorView(f32, {0, 3}, StorageView());
    net.metadata = dict_of({{"version", 1}});
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.algorithm = "SGD";
    for (const std::uint64_t first : {std::uint64_t{0}, std::uint64_t{2}}) {
        ParamGroup& group = sgd.param_groups.emplace_back();
        group.hyperparameters["lr"] = 0.5;
        group.hyperparameters["momentum"] = 0.25;
        group.params = {first, first + 1};
        group.param_names = std::vector<std::string>{std::to_string(first), std::to_string(first + 1)};
    }
    sgd.state[0]["step"] = 3;
    sgd.state[2]["buffer"] = TensorView(u8, {64}, StorageView(std::span(other)));
    sgd.state_extra["more"] = "text";
    sgd.extra["else"] = nullptr;
    OptimizerState& keyed = checkpoint.optimizer("keyed");
    keyed.param_keys = {"b", "a"};
    keyed.param_groups.emplace_back().params = {0, 1};
    keyed.state[0]["step"] = 1;
    checkpoint.values()["epoch"] = 7;
    checkpoint.values()["list"] = List{{1, 2, "three"}};
    checkpoint.values()["config"] = Dict{{{"depth", 3}, {1, "one"}, {0.5, true}}, {{"frozen", true}}, {}};
    checkpoint.values()["texts"] = List{{"torch.f", String{"x"}, Bytes{{std::byte{1}, std::byte{2}}, {}}}};
    checkpoint.values()["nested"] = List{{List{{1}}, List{{2}}}};
    checkpoint.values()["complex"] = std::complex<double>(1, 2);
    checkpoint.values()["set"] = Set{{1, 2}};
    checkpoint.values()["size"] = Tuple{{1, 2}, TupleSubtype::size};
    return checkpoint;
}

TensorView weight() {
    return *base_checkpoint().models()[0].second.find("weight")->get_if<TensorView>();
}

StateDict& net(Checkpoint& c) {
    return c.model("net");
}
OptimizerState& sgd(Checkpoint& c) {
    return c.optimizer("sgd");
}
ParamGroup& group(Checkpoint& c) {
    return sgd(c).param_groups[0];
}
Dict& config(Checkpoint& c) {
    return *c.values()["config"].get_if<Dict>();
}
List& list(Checkpoint& c) {
    return *c.values()["list"].get_if<List>();
}

/// Without an entry, or a value, of that name.
Entries without(const Entries& entries, std::string_view name) {
    Entries made;
    for (const auto& [each, value] : entries) {
        if (each != name) made.add(each, value);
    }
    return made;
}

const TensorView kOtherBytes = [] {
    static std::vector<std::byte> bytes = make_bytes(256, 3);
    bytes[255] ^= std::byte{1};  // not one that the tensor views
    return TensorView(*find_dtype(Dtype::f32), {4, 6}, StorageView(std::span(std::as_const(bytes))));
}();

struct Edit {
    std::string_view what;
    std::function<void(Checkpoint&)> change;
};

// clang-format off
const Edit kEdits[] = {
    {"name of a model", [](Checkpoint& c) { c.model("net2") = net(c); net(c) = {}; }},
    {"a model more", [](Checkpoint& c) { c.model("none"); }},
    {"a model of another name", [](Checkpoint& c) { c.model("empty"); }},
    {"an optimizer of that name", [](Checkpoint& c) { c.optimizer("empty"); }},
    {"a value of that name", [](Checkpoint& c) { c.values()["empty"] = nullptr; }},
    {"name of an entry", [](Checkpoint& c) {
        const Value moved = *net(c).find("weight");
        static_cast<Entries&>(net(c)) = without(net(c), "weight");
        net(c)["weight2"] = moved;
    }},
    {"an entry less", [](Checkpoint& c) { static_cast<Entries&>(net(c)) = without(net(c), "columns"); }},
    {"metadata", [](Checkpoint& c) { net(c).metadata = dict_of({{"version", 2}}); }},
    {"no metadata", [](Checkpoint& c) { net(c).metadata = nullptr; }},
    {"dtype", [](Checkpoint& c) {
        net(c)["tied"] = TensorView(*find_dtype(Dtype::i32), {4, 6}, weight().storage()).with_role(Role::parameter, true);
    }},
    {"shape", [](Checkpoint& c) {
        net(c)["tied"] = TensorView(weight().dtype(), {6, 4}, weight().storage()).with_role(Role::parameter, true);
    }},
    {"rank", [](Checkpoint& c) {
        net(c)["tied"] = TensorView(weight().dtype(), {4, 6, 1}, weight().storage()).with_role(Role::parameter, true);
    }},
    {"shape without elements", [](Checkpoint& c) { net(c)["empty"] = TensorView(weight().dtype(), {3, 0}, StorageView()); }},
    {"strides", [](Checkpoint& c) { net(c)["columns"] = TensorView(weight().dtype(), {6, 1, 4}, weight().storage(), 0, {1, 7, 7}); }},
    {"no strides", [](Checkpoint& c) { net(c)["columns"] = TensorView(weight().dtype(), {6, 1, 4}, weight().storage()); }},
    {"offset", [](Checkpoint& c) {
        net(c)["tied"] = TensorView(weight().dtype(), {4, 6}, weight().storage(), 4).with_role(Role::parameter, true);
    }},
    {"role", [](Checkpoint& c) { net(c)["tied"] = weight().with_role(Role::buffer, true); }},
    {"requires_grad", [](Checkpoint& c) { net(c)["tied"] = weight().with_role(Role::parameter, false); }},
    {"a byte that no tensor views", [](Checkpoint& c) {
        for (const auto& [name, role] : {std::pair{"weight", Role::parameter}, std::pair{"tied", Role::parameter}})
            net(c)[name] = kOtherBytes.with_role(role, true);
        net(c)["columns"] = TensorView(weight().dtype(), {6, 1, 4}, kOtherBytes.storage(), 0, {1, 7, 6});
    }},
    {"size of a storage", [](Checkpoint& c) {
        const StorageView part = *weight().storage().part(0, 192);
        for (const char* name : {"weight", "tied"}) net(c)[name] = TensorView(weight().dtype(), {4, 6}, part).with_role(Role::parameter, true);
        net(c)["columns"] = TensorView(weight().dtype(), {6, 1, 4}, part, 0, {1, 7, 6});
    }},
    {"a tie broken", [](Checkpoint& c) {
        static const std::vector<std::byte> copy = make_bytes(256, 3);
        net(c)["tied"] = TensorView(weight().dtype(), {4, 6}, StorageView(std::span(copy))).with_role(Role::parameter, true);
    }},
    {"another tie", [](Checkpoint& c) {
        static const std::vector<std::byte> copy = make_bytes(256, 3);
        net(c)["columns"] = TensorView(weight().dtype(), {6, 1, 4}, StorageView(std::span(copy)), 0, {1, 7, 6});
    }},
    {"algorithm", [](Checkpoint& c) { sgd(c).algorithm = "Adam"; }},
    {"order of groups", [](Checkpoint& c) { std::swap(sgd(c).param_groups[0], sgd(c).param_groups[1]); }},
    {"a group more", [](Checkpoint& c) { sgd(c).param_groups.emplace_back(); }},
    {"hyperparameter", [](Checkpoint& c) { group(c).hyperparameters["lr"] = 0.125; }},
    {"a hyperparameter more", [](Checkpoint& c) { group(c).hyperparameters["nesterov"] = false; }},
    {"name of a hyperparameter", [](Checkpoint& c) {
        group(c).hyperparameters = without(group(c).hyperparameters, "lr");
        group(c).hyperparameters["LR"] = 0.5;
    }},
    {"order of params", [](Checkpoint& c) { std::swap(group(c).params[0], group(c).params[1]); }},
    {"a parameter", [](Checkpoint& c) { group(c).params[1] = 9; }},
    {"name of a parameter", [](Checkpoint& c) { group(c).param_names->at(1) = "weight"; }},
    {"no names of parameters", [](Checkpoint& c) { group(c).param_names.reset(); }},
    {"index of a state", [](Checkpoint& c) {
        sgd(c).state[1] = sgd(c).state[0];
        sgd(c).state.erase(0);
    }},
    {"a state without entries", [](Checkpoint& c) { sgd(c).state[3]; }},
    {"value of a state", [](Checkpoint& c) { sgd(c).state[0]["step"] = 4; }},
    {"state extra", [](Checkpoint& c) { sgd(c).state_extra["more"] = "other"; }},
    {"extra instead of state extra", [](Checkpoint& c) {
        sgd(c).extra["more"] = "text";
        sgd(c).state_extra = {};
    }},
    {"a param key", [](Checkpoint& c) { c.optimizer("keyed").param_keys[0] = "c"; }},
    {"keys of other parameters", [](Checkpoint& c) { c.optimizer("keyed").param_keys = {"a", "b"}; }},
    {"state of another key", [](Checkpoint& c) {
        c.optimizer("keyed").state[1]["step"] = 1;
        c.optimizer("keyed").state.erase(0);
    }},
    {"no param keys", [](Checkpoint& c) { c.optimizer("keyed").param_keys.clear(); }},
    {"value", [](Checkpoint& c) { c.values()["epoch"] = 8; }},
    {"name of a value", [](Checkpoint& c) {
        c.values() = without(c.values(), "epoch");
        c.values()["epochs"] = 7;
    }},
    {"kind of a value", [](Checkpoint& c) { c.values()["epoch"] = 7.0; }},
    {"a float's sign of zero", [](Checkpoint& c) { c.values()["epoch"] = -0.0; }},
    {"a float zero", [](Checkpoint& c) { c.values()["epoch"] = 0.0; }},
    {"a bool", [](Checkpoint& c) { c.values()["epoch"] = true; }},
    {"a one", [](Checkpoint& c) { c.values()["epoch"] = 1; }},
    {"imaginary part", [](Checkpoint& c) { c.values()["complex"] = std::complex<double>(1, 3); }},
    {"order of a list", [](Checkpoint& c) { list(c) = List{{2, 1, "three"}}; }},
    {"a list becomes a tuple", [](Checkpoint& c) { c.values()["list"] = Tuple{{1, 2, "three"}, {}}; }},
    {"nesting", [](Checkpoint& c) { c.values()["nested"] = List{{List{{1, List{{2}}}}}}; }},
    {"nesting, the other way", [](Checkpoint& c) { c.values()["nested"] = List{{List{{1, 2}}, List{}}}; }},
    {"subtype of a tuple", [](Checkpoint& c) { c.values()["size"] = Tuple{{1, 2}, TupleSubtype::tuple}; }},
    {"an element of a set", [](Checkpoint& c) { c.values()["set"] = Set{{1, 3}}; }},
    {"subtype of a text", [](Checkpoint& c) {
        c.values()["texts"] = List{{String{"torch.f", StringSubtype::dtype}, String{"x"}, Bytes{{std::byte{1}, std::byte{2}}, {}}}};
    }},
    {"subtype of bytes", [](Checkpoint& c) {
        c.values()["texts"] = List{{"torch.f", "x", Bytes{{std::byte{1}, std::byte{2}}, BytesSubtype::bytearray}}};
    }},
    {"where a text ends", [](Checkpoint& c) {
        c.values()["texts"] = List{{"torch.", "fx", Bytes{{std::byte{1}, std::byte{2}}, {}}}};
    }},
    {"subtype of a dict", [](Checkpoint& c) { config(c).subtype = DictSubtype::ordered_dict; }},
    {"item of a dict", [](Checkpoint& c) { config(c)["depth"] = 4; }},
    {"key of a dict", [](Checkpoint& c) { config(c).items[0].first = "width"; }},
    {"kind of a key", [](Checkpoint& c) { config(c).items[1].first = 1.0; }},
    {"values of two keys", [](Checkpoint& c) { std::swap(config(c).items[0].second, config(c).items[1].second); }},
    {"an item less", [](Checkpoint& c) { config(c).items.pop_back(); }},
    {"attribute", [](Checkpoint& c) { config(c).attributes[0].second = false; }},
    {"no attributes", [](Checkpoint& c) { config(c).attributes.clear(); }},
};
// clang-format on

}  // namespace

TEST_CASE("digest: the same whatever the codec and the alignment") {
    for (const auto& make : {base_checkpoint, every_value, every_dtype, every_shape, several_models,
                             several_optimizers, named_params, many_chunks, float_words, tied, sliced,
                             every_column, like_layouts, unknown_dtype, ggml_blocks}) {
        const Checkpoint checkpoint = make();
        const Reader first = reader_of(checkpoint);
        for (const Codec codec : {Codec::zstd, Codec::planes, Codec::smallest}) {
            const Reader other = reader_of(checkpoint, {.codec = codec, .alignment = 4096});
            CHECK(other.digest() == first.digest());
            CHECK(tensor_digests(other) == tensor_digests(first));
        }
    }
}

TEST_CASE("digest: the same whatever the order of names and of storages") {
    for (const auto& make : {base_checkpoint, every_value, every_dtype, every_shape, odd_names,
                             several_models, several_optimizers, named_params, tied, sliced, every_column,
                             like_layouts, unknown_dtype, small, example}) {
        const Reader first = reader_of(make()), other = reader_of(reversed(make()));
        CHECK(other.digest() == first.digest());
        CHECK(tensor_digests(other) == tensor_digests(first));
    }
    CHECK(reader_of(reversed(base_checkpoint())).index_checksum() !=
          reader_of(base_checkpoint()).index_checksum());
}

TEST_CASE("digest: the same from a Writer that is given tensors in another order") {
    const std::vector<float> a(600, 1), b(900, 2);
    const auto view = [](const std::vector<float>& elements) {
        return TensorView::of(std::span(elements), {elements.size()});
    };
    Checkpoint saved;
    saved.model("net")["a"] = view(a);
    saved.model("net")["b"] = view(b);
    MemorySink sink;
    auto writer = Writer::create(sink);
    const auto second = writer->add(view(b)), first = writer->add(view(a));
    Checkpoint streamed;
    streamed.model("net")["a"] = *first;
    streamed.model("net")["b"] = *second;
    REQUIRE(writer->commit(streamed));
    const Reader file = *open_bytes(sink.bytes());
    CHECK(file.storages()[0].nbytes == 3600);
    CHECK(file.digest().to_string() == digest_of(saved));
}

TEST_CASE("digest: loaded and saved again it is the same") {
    for (const auto& make : {base_checkpoint, every_value, several_optimizers, named_params, tied}) {
        const Reader file = reader_of(make());
        CHECK(reader_of(*file.checkpoint(), {.codec = Codec::zstd}).digest() == file.digest());
    }
}

TEST_CASE("digest: another for each change of the content") {
    std::map<std::string, std::string_view> seen{{digest_of(base_checkpoint()), "nothing"}};
    for (const Edit& edit : kEdits) {
        Checkpoint changed = base_checkpoint();
        edit.change(changed);
        const auto [at, is_new] = seen.emplace(digest_of(changed), edit.what);
        const std::string_view other = at->second;
        INFO(edit.what << " and " << other);
        CHECK(is_new);
    }
}

TEST_CASE("digest: of a tensor, without its name, role and ties") {
    Checkpoint checkpoint = base_checkpoint();
    checkpoint.model("net")["tied"] = weight().with_role(Role::buffer);
    checkpoint.model("net")["other"] = kOtherBytes;
    const auto digests = tensor_digests(reader_of(checkpoint));
    CHECK(digests.at("net/weight") == digests.at("net/tied"));
    CHECK(digests.at("net/weight") != digests.at("net/columns"));
    CHECK(digests.at("net/weight") != digests.at("net/other"));
    CHECK(reader_of(checkpoint).tensor_digest(99).error().condition() == Condition::tensor);
}

TEST_CASE("digest: strides of dims of size 1 do not count") {
    const auto with_stride = [](std::uint64_t stride) {
        return one_value(TensorView(weight().dtype(), {6, 1, 4}, weight().storage(), 0, {1, stride, 6}));
    };
    CHECK(digest_of(with_stride(7)) == digest_of(with_stride(0)));
    CHECK(reader_of(with_stride(7)).index_checksum() != reader_of(with_stride(0)).index_checksum());
}

TEST_CASE("digest: tensors without bytes are not tied") {
    static const std::vector<float> none;
    Checkpoint one, other;
    const TensorView empty = TensorView::of(std::span(none), {0});
    one.values()["list"] = List{{empty, empty}};
    MemorySink sink;
    auto writer = Writer::create(sink);
    const auto first = writer->add(empty), second = writer->add(empty);
    other.values()["list"] = List{{*first, *second}};
    REQUIRE(writer->commit(other));
    CHECK(open_bytes(sink.bytes())->digest().to_string() == digest_of(one));
}

TEST_CASE("digest: a deep value, and one with many parts") {
    Value deep = 1;
    for (int i = 0; i < 60; ++i)
        deep =
            i % 2 == 0 ? Value(List{{std::move(deep), i}}) : Value(dict_of({{"k", std::move(deep)}, {i, i}}));
    Checkpoint checkpoint = one_value(deep);
    for (int i = 0; i < 500; ++i)
        checkpoint.values()[std::to_string(i)] = i;
    CHECK(digest_of(checkpoint) == digest_of(reversed(checkpoint)));
}

TEST_CASE("digest: open refuses a file with another content") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", base_checkpoint()));
    const Digest digest = Reader::open(folder / "file")->digest();
    CHECK(Reader::open(folder / "file", {.expected_digest = digest}));
    Checkpoint other = base_checkpoint();
    other.values()["epoch"] = 8;
    REQUIRE(save(folder / "file", other));
    const auto refused = Reader::open(folder / "file", {.expected_digest = digest});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().condition() == Condition::other_content);
    CHECK(refused.error().message().find("digest expected " + digest.to_string() + ", found xxh3-128:") !=
          std::string::npos);
    CHECK(open_bytes(*save_bytes(other), {.expected_digest = digest}).error().condition() ==
          Condition::other_content);
}
