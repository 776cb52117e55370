#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"
#include "support/verdict.hpp"

// The Writer: streaming, Sinks that fail, use after an error or a commit.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// 18 MiB: several writes of a Sink.
Checkpoint large() {
    static const std::vector<std::byte> noise = make_bytes(18 * kMib, 11);
    return one_value(bytes_tensor(noise));
}

std::vector<std::byte> content_of(const TensorView& tensor) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.nbytes()));
    REQUIRE(tensor.copy_to(bytes));
    return bytes;
}

/// A Sink that cannot commit.
class StubbornSink final : public Sink {
public:
    Result<void> write(std::span<const std::byte>) override { return {}; }
    Result<void> commit() override { return Error(Condition::sync, "no"); }
};

}  // namespace

TEST_CASE("writer: tensors added one after the other through the same memory") {
    for (const Codec codec : {Codec::raw, Codec::zstd, Codec::automatic}) {
        MemorySink sink;
        auto writer = Writer::create(sink, {.codec = codec});
        REQUIRE(writer);
        Checkpoint checkpoint;
        std::vector<std::byte> buffer(kMib + 777);
        for (unsigned i = 0; i < 5; ++i) {
            std::fill(buffer.begin(), buffer.end(), static_cast<std::byte>(i));
            const auto added = writer->add(bytes_tensor(buffer).with_role(Role::parameter, i % 2 == 0));
            REQUIRE(added);
            checkpoint.model("model")["layer " + std::to_string(i)] = *added;
        }
        std::fill(buffer.begin(), buffer.end(), std::byte{0xEE});
        REQUIRE(writer->commit(checkpoint));
        CHECK(sink.commits() == 1);
        const auto file = open_bytes(sink.bytes());
        CHECK(verdict_of(file, 2) == "ok");
        CHECK(file->storages().size() == 5);
        for (unsigned i = 0; i < 5; ++i) {
            const auto layer = file->tensor("model", "layer " + std::to_string(i));
            REQUIRE(layer);
            CHECK(layer->requires_grad() == (i % 2 == 0));
            std::fill(buffer.begin(), buffer.end(), static_cast<std::byte>(i));
            CHECK((content_of(*layer) == buffer));
        }
    }
}

TEST_CASE("writer: streamed in the order of the checkpoint, the file is that of save") {
    const auto whole = save_bytes(many_chunks());
    MemorySink sink;
    auto writer = Writer::create(sink);
    Checkpoint checkpoint;
    const Checkpoint source = many_chunks();
    for (const auto& [name, value] : source.models().front().second) {
        checkpoint.model("model")[name] = *writer->add(*value.get_if<TensorView>());
    }
    REQUIRE(writer->commit(checkpoint));
    CHECK((sink.bytes() == *whole));
}

TEST_CASE("writer: placeholders share a storage") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    const auto added = writer->add(TensorView::of(six_floats(), {6}));
    REQUIRE(added);
    Checkpoint checkpoint;
    checkpoint.values()["all"] = *added;
    checkpoint.values()["last two"] = added->view(added->dtype(), {2}, 16);
    checkpoint.values()["every third"] = added->view(added->dtype(), {2}, 0, {3});
    const auto* placeholder = checkpoint.values()["all"].get_if<TensorView>();
    checkpoint.values()["again"] = *writer->add(*placeholder);  // a placeholder is not written twice
    REQUIRE(writer->commit(checkpoint));
    const auto file = open_bytes(sink.bytes());
    REQUIRE(file);
    CHECK(file->storages().size() == 1);
    CHECK((*file->tensor("last two")->as<float>())[1] == 5.0F);
    const auto every_third = file->tensor("every third")->load();
    REQUIRE(every_third);
    CHECK(every_third->as<float>().value()[1] == 3.0F);
}

TEST_CASE("writer: some tensors added, the others from memory at the commit") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    Checkpoint checkpoint;
    const std::vector<std::byte> first = make_bytes(500, 1), second = make_bytes(600, 2), third;
    checkpoint.values()["at commit"] = bytes_tensor(second);
    checkpoint.values()["added"] = *writer->add(bytes_tensor(first));
    checkpoint.values()["empty"] = *writer->add(bytes_tensor(third));
    REQUIRE(writer->commit(checkpoint));
    const auto file = open_bytes(sink.bytes());
    CHECK(verdict_of(file, 1) == "ok");
    CHECK((content_of(*file->tensor("at commit")) == second));
    CHECK((content_of(*file->tensor("added")) == first));
    CHECK(file->tensor("empty")->nbytes() == 0);
}

TEST_CASE("writer: a tensor of an open file is copied chunk by chunk") {
    const auto packed = open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}),
                                   {.limits = {.max_total_bytes = 0}});  // nothing may be kept
    REQUIRE(packed);
    const auto raw = save_bytes(*packed->checkpoint());
    REQUIRE(raw);
    CHECK((*raw == *save_bytes(many_chunks())));
}

TEST_CASE("writer: after the commit it takes nothing more") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    REQUIRE(writer->commit(small()));
    const FileBytes bytes = sink.bytes();
    CHECK(writer->commit(small()).error().condition() == Condition::option);
    CHECK(writer->add(TensorView::of(six_floats(), {6})).error().condition() == Condition::option);
    CHECK(sink.commits() == 1);
    CHECK((sink.bytes() == bytes));
}

TEST_CASE("writer: a placeholder has no bytes, and none for another writer") {
    MemorySink first_sink, second_sink;
    auto first = Writer::create(first_sink);
    const auto placeholder = first->add(TensorView::of(six_floats(), {6}));
    REQUIRE(placeholder);
    const Value value = *placeholder;
    const auto* view = value.get_if<TensorView>();
    REQUIRE(view != nullptr);
    CHECK(view->bytes().error().condition() == Condition::layout);
    std::vector<std::byte> to(24);
    CHECK(view->copy_to(to).error().condition() == Condition::layout);
    auto second = Writer::create(second_sink);
    CHECK(second->commit(one_value(*placeholder)).error().condition() == Condition::layout);
    CHECK(second_sink.commits() == 0);
    CHECK(first->commit(one_value(*placeholder)));
}

TEST_CASE("writer: the first error stays") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    const TensorView too_large(*find_dtype(Dtype::f32), {7}, StorageView(std::as_bytes(six_floats())));
    const auto refused = writer->add(too_large);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().condition() == Condition::layout);
    CHECK(writer->add(TensorView::of(six_floats(), {6})).error().message() == refused.error().message());
    CHECK(writer->commit({}).error().message() == refused.error().message());
    CHECK(sink.bytes().empty());
    CHECK(sink.commits() == 0);
}

TEST_CASE("writer: a sink that fails at any write ends the save with its error") {
    MemorySink counting;
    REQUIRE(save(counting, large()));
    REQUIRE(counting.writes() >= 5);
    for (const unsigned threads : {1U, 4U}) {
        for (std::uint64_t n = 0; n < counting.writes(); ++n) {
            INFO("write " << n << ", threads " << threads);
            MemorySink sink(n);
            auto writer = Writer::create(sink, {.threads = threads});
            const auto saved = writer->commit(large());
            REQUIRE_FALSE(saved);
            CHECK(saved.error().condition() == Condition::write);
            CHECK(saved.error().message() == "the sink is full");
            CHECK(sink.writes() == n + 1);  // after an error it is not called again
            CHECK(sink.commits() == 0);
            CHECK_FALSE(writer->commit({}));
            CHECK_FALSE(open_bytes(sink.bytes()));
        }
    }
}

TEST_CASE("writer: a storage that the checkpoint does not view is refused, also an empty one, also alone") {
    for (const std::size_t nbytes : {std::size_t{0}, std::size_t{5}}) {
        for (const bool alone : {false, true}) {
            for (const Codec codec : {Codec::raw, Codec::zstd}) {
                CAPTURE(nbytes);
                CAPTURE(alone);
                MemorySink sink;
                auto writer = Writer::create(sink, {.codec = codec});
                const std::vector<std::byte> bytes(nbytes);
                REQUIRE(writer->add(bytes_tensor(bytes)));
                Checkpoint checkpoint;
                if (!alone) checkpoint.values()["v"] = *writer->add(bytes_tensor(make_bytes(9, 1)));
                const auto committed = writer->commit(checkpoint);
                REQUIRE(!committed);
                CHECK(committed.error().message().find("storage 0 is viewed by no tensor") !=
                      std::string::npos);
            }
        }
    }
}

TEST_CASE("writer: a sink that cannot commit") {
    StubbornSink sink;
    CHECK(save(sink, small()).error().condition() == Condition::sync);
}

TEST_CASE("writer: a source that fails while it is saved from") {
    FileBytes bytes = *save_bytes(many_chunks());
    const auto damaged = take_apart(bytes)->begin_of(1);
    bytes[static_cast<std::size_t>(damaged)] ^= std::byte{1};
    const auto file = open_bytes(bytes);
    REQUIRE(file);
    MemorySink sink;
    const auto saved = save(sink, *file->checkpoint());
    REQUIRE_FALSE(saved);
    CHECK(saved.error().condition() == Condition::chunk_checksum);
    CHECK(sink.commits() == 0);
}

TEST_CASE("writer: destroyed before the commit, it leaves nothing") {
    const testing::ScratchFolder folder;
    {
        auto writer = Writer::create(folder / "file");
        REQUIRE(writer);
        REQUIRE(writer->add(TensorView::of(six_floats(), {6})));
    }
    CHECK(testing::names_in(folder.path()).empty());
}

TEST_CASE("writer: moved, it goes on") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    const auto added = writer->add(TensorView::of(six_floats(), {6}));
    Writer moved = *std::move(writer);
    REQUIRE(moved.commit(one_value(*added)));
    CHECK(verdict_of(open_bytes(sink.bytes()), 1) == "ok");
}

TEST_CASE("writer: a placeholder outlives the Reader that an unknown dtype came from") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    Checkpoint checkpoint;
    {
        const auto file = open_bytes(*save_bytes(unknown_dtype()));
        const std::vector<TensorView> tensors = file->tensors();
        for (std::size_t i = 0; i < tensors.size(); ++i)
            checkpoint.model("net")["w" + std::to_string(i)] = *writer->add(tensors[i]);
    }
    REQUIRE(writer->commit(checkpoint));
    const auto file = open_bytes(sink.bytes());
    REQUIRE(file);
    CHECK(file->tensor("net", "w0")->dtype().name == "i24");
}
