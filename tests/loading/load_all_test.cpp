#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/same.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

// The whole checkpoint in memory, in memory that is used again, and what a load that fails leaves behind.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr Codec kCodecs[] = {Codec::raw, Codec::zstd, Codec::planes};

bool same_bytes(const TensorView& a, const TensorView& b) {
    if (!same_form(a, b)) return false;
    if (a.nbytes() > (std::uint64_t{16} << 20U)) return true;
    const auto left = a.load(), right = b.load();
    return left && right && std::equal(left->bytes().begin(), left->bytes().end(), right->bytes().begin());
}

bool same_content(const Checkpoint& a, const Checkpoint& b) {
    return same(a, b, same_bytes);
}

const TensorView& tensor_of(Checkpoint& checkpoint, std::string_view name) {
    return *checkpoint.model("model")[name].get_if<TensorView>();
}

}  // namespace

TEST_CASE("load_all: what Reader::checkpoint returns, and saved again the same file") {
    const ScratchFolder folder;
    for (const auto& make : {every_dtype, every_shape, odd_names, several_models, several_optimizers,
                             named_params, many_chunks, float_words, tied, sliced, every_column, like_layouts,
                             unknown_dtype, ggml_blocks, small, every_value}) {
        for (const Codec codec : kCodecs) {
            for (const Access access : {Access::mapped, Access::read}) {
                REQUIRE(save(folder / "file", make(), {.codec = codec}));
                auto file = std::optional(*Reader::open(folder / "file", {.access = access}));
                const Checkpoint in_file = *file->checkpoint();
                const auto loaded = load_all(*file, {.threads = 2});
                REQUIRE_MESSAGE(loaded, loaded.error().message());
                CHECK(same_content(*loaded, in_file));
                CHECK(*save_bytes(*loaded, {.codec = codec}) == *save_bytes(in_file, {.codec = codec}));
            }
        }
    }
}

TEST_CASE("load_all: nothing refers to the file any more") {
    Checkpoint loaded = [] {
        const Reader file = *open_bytes(*save_bytes(unknown_dtype()));
        return *load_all(file);
    }();
    const Reader file = *open_bytes(*save_bytes(unknown_dtype()));
    CHECK(same_content(loaded, *file.checkpoint()));  // names of dtypes, too

    const ScratchFolder folder;
    REQUIRE(save(folder / "file", many_chunks()));
    std::weak_ptr<const Source> gone;
    {
        const auto source = std::make_shared<MemorySource>(*save_bytes(many_chunks()));
        gone = source;
        loaded = *load_all(*Reader::open(source));
    }
    CHECK(gone.expired());
    const TensorView& tensor = tensor_of(loaded, "ramp");
    CHECK_FALSE(tensor.index().has_value());
    CHECK(tensor.name().empty());
    CHECK_FALSE(tensor.is_mapped());
    CHECK(tensor.check());
    CHECK(std::equal(tensor.bytes()->begin(), tensor.bytes()->end(), make_bytes(tensor.nbytes(), 0).begin()));
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes()->data()) % 64 == 0);
}

TEST_CASE("load_all: ties stay ties, and a view keeps the memory") {
    const Reader file = *open_bytes(*save_bytes(tied()));
    std::optional<Checkpoint> loaded = *load_all(file);
    std::vector<TensorView> views;
    for (const auto& [name, model] : loaded->models()) {
        for (const auto& [entry, value] : model)
            views.push_back(*value.get_if<TensorView>());
    }
    for (const auto& [name, value] : loaded->values())
        if (const auto* view = value.get_if<TensorView>()) views.push_back(*view);
    REQUIRE(views.size() > 1);
    for (const TensorView& view : views)
        CHECK(view.storage() == views[0].storage());
    const auto* before = views[0].bytes()->data();
    loaded.reset();
    CHECK(views[1].bytes()->data() == before);
    CHECK(same_bytes(views[0], file.tensors()[0]));
}

TEST_CASE("load_all: an arena is used again when the last view is gone, and not before") {
    const Reader large = *open_bytes(*save_bytes(many_chunks())), other = *open_bytes(*save_bytes(small()));
    Arena arena;
    CHECK(arena.nbytes() == 0);
    CHECK_FALSE(arena.in_use());
    std::optional<Checkpoint> loaded = *load_all(large, {.arena = &arena});
    CHECK(arena.in_use());
    const std::uint64_t nbytes = arena.nbytes();
    CHECK(nbytes >= large.tensor("model", "ramp")->nbytes());
    std::optional<TensorView> view = tensor_of(*loaded, "ramp");
    const std::byte* const memory = view->bytes()->data();
    for (int i = 0; i < 2; ++i) {
        const auto refused = load_all(other, {.arena = &arena});
        REQUIRE_FALSE(refused);
        CHECK(refused.error().condition() == Condition::option);
        CHECK(
            std::equal(view->bytes()->begin(), view->bytes()->end(), make_bytes(view->nbytes(), 0).begin()));
        loaded.reset();  // one view is left
    }
    view.reset();
    CHECK_FALSE(arena.in_use());
    {
        const auto smaller = load_all(other, {.arena = &arena});
        REQUIRE(smaller);
        CHECK(same_content(*smaller, *other.checkpoint()));
        CHECK(arena.nbytes() == nbytes);  // what it has is kept
    }
    Arena moved = std::move(arena);
    CHECK(arena.nbytes() == 0);  // NOLINT(bugprone-use-after-move): it is defined
    loaded = *load_all(large, {.arena = &moved});
    CHECK(tensor_of(*loaded, "ramp").bytes()->data() == memory);
    CHECK(load_all(other, {.arena = &arena}));
    CHECK_FALSE(arena.in_use());  // the checkpoint was a temporary
}

TEST_CASE("load_all: views outlive the arena, and another thread may have the last one") {
    const Reader file = *open_bytes(*save_bytes(many_chunks()));
    std::optional<Arena> arena(std::in_place);
    Checkpoint loaded = *load_all(file, {.arena = &*arena});
    arena.reset();
    CHECK(same_content(loaded, *file.checkpoint()));

    Arena reused;
    for (int i = 0; i < 20; ++i) {
        auto next = load_all(file, {.arena = &reused});
        REQUIRE(next);
        std::thread reader([checkpoint = *std::exchange(next, Error(Condition::value, ""))]() mutable {
            CHECK(tensor_of(checkpoint, "ramp").bytes()->size() > 1000);
        });
        reader.join();
        CHECK_FALSE(reused.in_use());
    }
}

TEST_CASE("load_all: after an error the arena is free") {
    FileBytes bytes = *save_bytes(many_chunks());
    const Reader whole = *open_bytes(bytes);
    bytes[static_cast<std::size_t>(whole.storages()[0].offset + 1'500'000)] ^= std::byte{1};
    const Reader damaged = *open_bytes(bytes);
    Arena arena;
    const auto failed = load_all(damaged, {.arena = &arena});
    REQUIRE_FALSE(failed);
    CHECK(failed.error().condition() == Condition::chunk_checksum);
    CHECK(failed.error().message().find("model/ramp chunk 1") == 0);
    CHECK_FALSE(arena.in_use());
    const auto loaded = load_all(whole, {.arena = &arena});
    REQUIRE(loaded);
    CHECK(same_content(*loaded, *whole.checkpoint()));
}

TEST_CASE("load_all: limits") {
    const Reader file = *open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}));
    std::uint64_t end = 0;
    for (const StorageInfo& storage : file.storages())
        end = (end + 63) / 64 * 64 + storage.nbytes;
    CHECK(load_all(file, {.max_total_bytes = end}));
    const auto refused = load_all(file, {.max_total_bytes = end - 1});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().condition() == Condition::total_bytes);
    const Reader few = *open_bytes(*save_bytes(every_value()), {.limits = {.max_decoded_bytes = 100}});
    CHECK(load_all(few).error().condition() == Condition::decoded_bytes);
}

TEST_CASE("load_all: progress, and a caller that cancels or throws") {
    const Reader file = *open_bytes(*save_bytes(many_chunks()));
    Progress last;
    REQUIRE(load_all(file, {.progress = [&](const Progress& progress) {
                         last = progress;
                         return true;
                     }}));
    std::uint64_t stored = 0;
    for (const StorageInfo& storage : file.storages())
        stored += storage.stored_nbytes;
    CHECK(last.done_nbytes == stored);
    CHECK(last.total_nbytes == stored);
    CHECK(load_all(file, {.progress = [](const Progress&) { return false; }}).error().condition() ==
          Condition::by_caller);
    CHECK(load_all(file, {.progress = [](const Progress&) -> bool { throw std::runtime_error("no"); }})
              .error()
              .condition() == Condition::callback);
}

TEST_CASE("load_all: an empty checkpoint") {
    const Reader file = *open_bytes(*save_bytes(Checkpoint()));
    Arena arena;
    const auto loaded = load_all(file, {.arena = &arena});
    REQUIRE(loaded);
    CHECK(loaded->models().empty());
}
