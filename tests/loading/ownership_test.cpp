#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

using namespace milepost;
using namespace milepost::testing;

// Each case reads freed or unmapped memory where a view does not keep its file open; AddressSanitizer tells.

namespace {

/// Two tensors, one raw and one that a codec shrinks, under mapped and under read access.
struct Saved {
    explicit Saved(Access how, Codec codec = Codec::raw) : access(how) {
        Checkpoint checkpoint;
        checkpoint.model("net")["w"] = TensorView::of(six_floats(), {2, 3});
        Entries& hyperparameters = checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters;
        hyperparameters["lr"] = TensorView::of(six_floats().first(1), {});
        checkpoint.values()["a name"] = List{{TensorView::of(six_floats(), {6})}};
        REQUIRE(save(path, checkpoint, {.codec = codec, .durable = false}));
    }
    [[nodiscard]] Result<Reader> open() const { return Reader::open(path, {.access = access}); }

    ScratchFolder folder;
    std::string path = folder / "saved.milepost";
    Access access;
};

void check_floats(const TensorView& view) {
    const auto elements = view.as<float>();
    REQUIRE(elements);
    CHECK(elements->back() == static_cast<float>(elements->size() - 1));
}

template <class Check>
void for_each_way(Check check) {
    for (const Access access : {Access::mapped, Access::read}) {
        for (const Codec codec : {Codec::raw, Codec::zstd})
            check(Saved(access, codec));
    }
}

static_assert(std::is_copy_constructible_v<Reader> && std::is_copy_assignable_v<Reader>);

}  // namespace

TEST_CASE("ownership: views of a Reader that is gone") {
    for_each_way([](const Saved& saved) {
        std::optional<Reader> reader(saved.open().value());
        const TensorView view = reader->tensor("net", "w").value();
        const TensorView slice = view.slice({{0, 1}}).value();
        const Value value = reader->value("a name").value();
        const OptimizerState optimizer = reader->optimizer("sgd").value();
        reader.reset();
        CHECK(view.name() == "w");
        check_floats(view);
        check_floats(slice);
        check_floats(*value.get_if<List>()->items[0].get_if<TensorView>());
        check_floats(*optimizer.param_groups[0].hyperparameters.find("lr")->get_if<TensorView>());
        Checkpoint next;
        next.optimizer("sgd") = optimizer;
        CHECK(save(saved.path, next, {.durable = false}));
    });
}

TEST_CASE("ownership: calls on a temporary Reader") {
    for_each_way([](const Saved& saved) {
        for (const TensorView& view : Reader::open(saved.path)->tensors())
            check_floats(view);
        CHECK(Reader::open(saved.path)->models() == std::vector<std::string>{"net"});
        const auto view = Reader::open(saved.path)->tensor("net/w");
        REQUIRE(view);
        check_floats(*view);
    });
}

TEST_CASE("ownership: a Reader that was moved from is as good as before") {
    const Saved saved(Access::mapped);
    Reader first = saved.open().value();
    const Reader second = std::move(first);
    CHECK(first.models() == second.models());
    CHECK(verify(first)->ok());
    first = second;
    CHECK(first.tensor("net", "w")->storage() == second.tensor("net", "w")->storage());
}

TEST_CASE("ownership: views that were moved from are as good as before") {
    const Saved saved(Access::mapped);
    TensorView first = saved.open().value().tensor("net/w").value();
    const TensorView second = std::move(first);
    check_floats(second);
    check_floats(first);
    CHECK(first.shape() == second.shape());
    StorageView storage = second.storage();
    const StorageView moved = std::move(storage);
    CHECK(storage == moved);
    CHECK(storage.bytes(0, storage.nbytes())->size() == moved.nbytes());
}

TEST_CASE("ownership: views of one layout share it") {
    Checkpoint checkpoint;
    const std::vector<float> values(6);
    for (const char* name : {"a", "b"})
        checkpoint.model("net")[name] = TensorView::of(std::span(values), {2, 3});
    checkpoint.model("net")["c"] = TensorView::of(std::span(values), {3, 2});
    const auto reader = Reader::open(std::make_shared<MemorySource>(save_bytes(checkpoint).value()));
    REQUIRE(reader);
    const auto views = reader->tensors();
    REQUIRE(views.size() == 3);
    CHECK(&views[0].shape() == &views[1].shape());
    CHECK(views[2].shape() == Shape{3, 2});
    const TensorView copy = views[2];
    CHECK(&copy.shape() == &views[2].shape());
}

TEST_CASE("ownership: the last view closes the file") {
    auto source = std::make_shared<MemorySource>(save_bytes(small()).value());
    const std::weak_ptr<const Source> watched = source;
    std::optional<TensorView> view;
    {
        const auto reader = Reader::open(std::move(source));
        REQUIRE(reader);
        view = reader->tensors().front();
    }
    CHECK_FALSE(watched.expired());
    CHECK(view->load());
    view.reset();
    CHECK(watched.expired());
}

TEST_CASE("ownership: threads that use and drop views of one file") {
    const Saved saved(Access::read, Codec::zstd);
    std::vector<TensorView> views = saved.open()->tensors();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([copies = views]() mutable {
            for (TensorView& view : copies) {
                (void)view.load();
                view = TensorView();
            }
        });
    }
    views.clear();
    for (std::thread& thread : threads)
        thread.join();
}
