// Uses every template and macro of the public headers once. Compiled, never run: see compile_surface.py.

#include <complex>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

using namespace milepost;

template <class T>
Result<std::size_t> count(const TensorView& view) {
    MILEPOST_TRY_ASSIGN(const std::span<const T> elements, view.as<T>());
    MILEPOST_TRY_ASSIGN(Tensor copy, view.load());
    MILEPOST_TRY_ASSIGN(const std::span<T> changed, copy.as<T>());
    changed[0] = T{};
    const Tensor& fixed = copy;
    MILEPOST_TRY_ASSIGN(const std::span<const T> unchanged, fixed.as<T>());
    std::vector<T> memory(elements.size());
    MILEPOST_TRY(TensorSpan::of(std::span(memory), {memory.size()}).check_layout());
    return unchanged.size() + TensorView::of(std::span(memory), {memory.size()}).rank();
}

Result<std::size_t> count_all(const TensorView& view) {
    MILEPOST_TRY(view.with_role(Role::buffer).as<bool>());
    MILEPOST_TRY(count<std::uint8_t>(view));
    MILEPOST_TRY(count<f16>(view));
    MILEPOST_TRY(count<bf16>(view));
    MILEPOST_TRY(count<std::complex<float>>(view));
    return count<double>(view);
}

Value all_values() {
    List list{{nullptr, true, 1, -2L, 3U, 4.5F, 6.7, "text", std::string("text"), std::complex<float>(1, 2)}};
    Dict dict{
        {{"a", 1}, {2, list}}, {{"attribute", Tuple{{1, 2}, TupleSubtype::size}}}, DictSubtype::counter};
    dict["b"] = dict["a"];
    dict.items.insert(dict.items.begin(), {Set{{1}}, Bytes{}});
    for (auto& [key, value] : dict.items)
        std::swap(key, value);
    list.items.resize(3);
    list.items.erase(list.items.begin() + 1);
    const std::vector<Value> more{1, 2};
    list.items.assign(more.begin(), more.end());
    swap(list.items, list.items);
    return list.items.empty() ? Value(dict) : *list.items.rbegin();
}

Result<void> save_all(const std::string& path) {
    std::vector<float> weights(6);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView::of(std::span<const float>(weights), {6});
    checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters["lr"] = 0.1;
    checkpoint.values()["all"] = all_values();
    MILEPOST_TRY_ASSIGN(Writer writer, Writer::create(path, {.codec = Codec::zstd}));
    MILEPOST_TRY_ASSIGN(const WrittenTensor written, writer.add(TensorView::of(std::span(weights), {6})));
    checkpoint.values()["written"] = written.view(written.dtype(), {2}).with_role(Role::buffer);
    return writer.commit(checkpoint);
}

Result<std::string> open_all(const std::string& path) {
    MILEPOST_TRY_ASSIGN(const Reader file, Reader::open(path, {.access = Access::read}));
    for (const TensorView& tensor : file.tensors())
        MILEPOST_TRY(count_all(tensor));
    const double lr =
        file.value("lr").and_then([](const Value& value) { return value.as_number(); }).value_or(0.1);
    const auto text = file.value("all").transform([](const Value& value) { return to_string(value); });
    const Value value = file.value("all").value_or(nullptr);
    const bool known = value.get_if<Dict>() != nullptr || value.get_if<double>() != nullptr ||
                       value.get_if<Integer>() != nullptr || value.get_if<TensorView>() != nullptr;
    MILEPOST_TRY(verify(file, {.threads = 1}));
    Arena arena;
    MILEPOST_TRY_ASSIGN(const Checkpoint loaded, load_all(file, {.arena = &arena}));
    ReadPlan plan(file);
    std::vector<std::byte> memory;
    for (const TensorView& tensor : file.tensors()) {
        memory.resize(static_cast<std::size_t>(tensor.nbytes()));
        MILEPOST_TRY(plan.add(tensor, memory));
    }
    if (plan.nbytes() < arena.nbytes()) MILEPOST_TRY(plan.read());
    return known && lr > 0 ? text : Result<std::string>(Error(Condition::value, "none"));
}

}  // namespace

int main(int argc, char** argv) {
    const std::string path = argc > 1 ? argv[1] : "surface.milepost";
    const auto saved = save_all(path);
    const auto opened = saved.and_then([&] { return open_all(path); });
    if (!opened) std::fputs(opened.error().to_string().c_str(), stderr);
    return opened ? 0 : 1;
}
