#include <milepost/async_saver.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <milepost/reader.hpp>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr std::size_t kNbytes = (std::size_t{9} << 20U) + 33;

TensorView view_of(const std::vector<std::byte>& bytes) {
    return TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
}

std::vector<std::byte> file_bytes(const std::string& path) {
    const std::string text = read_file(path);
    const auto bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
}

/// Lets a save go on only when it is opened.
class Gate {
public:
    [[nodiscard]] ProgressCallback callback() {
        return [this](const Progress&) {
            reached_ = true;
            open_.wait(false);
            return true;
        };
    }
    void wait_until_reached() const {
        while (!reached_)
            std::this_thread::yield();
    }
    void open() {
        open_ = true;
        open_.notify_all();
    }

private:
    std::atomic<bool> open_ = false;
    std::atomic<bool> reached_ = false;
};

}  // namespace

TEST_CASE("async: the file has the state at the call, whatever the caller changes after it") {
    const ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        for (const bool compact : {false, true}) {
            // A snapshot beyond 32 MiB is copied past the caches.
            const std::size_t nbytes = kNbytes + (codec == Codec::raw && !compact ? 24U << 20U : 0U);
            std::vector<std::byte> weights = make_bytes(nbytes, 0), small = make_bytes(100, 1);
            Checkpoint checkpoint;
            checkpoint.model("model")["weights"] = view_of(weights);
            checkpoint.model("model")["tied"] = view_of(weights);
            checkpoint.model("model")["part"] = *view_of(weights).slice({{5, 5'000, 7}});
            checkpoint.model("model")["small"] = view_of(small);
            checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters["lr"] = 0.5;
            checkpoint.values()["text"] = "before";
            const SaveOptions options{.codec = codec, .compact = compact};
            const FileBytes expected = *save_bytes(checkpoint, options);

            Gate gate;
            SaveOptions gated = options;
            gated.progress = gate.callback();
            AsyncSaver saver;
            auto pending = saver.save_async(folder / "file", checkpoint, gated);
            REQUIRE(pending);
            gate.wait_until_reached();
            CHECK(!pending->is_done());
            std::memset(weights.data(), 0x55, weights.size());
            std::memset(small.data(), 0x55, small.size());
            checkpoint.values()["text"] = "after, and much longer than before";
            checkpoint = {};
            weights = {};
            gate.open();
            REQUIRE(pending->wait());
            CHECK(pending->is_done());
            CHECK(pending->progress().done_nbytes == pending->progress().total_nbytes);
            CHECK((file_bytes(folder / "file") == expected));
            CHECK(saver.wait());
            CHECK(saver.memory_nbytes() >= nbytes);
            saver.release_memory();
            CHECK(saver.memory_nbytes() == 0);
        }
    }
}

TEST_CASE("async: many saves by one saver use its memory again") {
    const ScratchFolder folder;
    std::vector<std::byte> weights = make_bytes(kNbytes, 0);
    Checkpoint checkpoint;
    checkpoint.model("model")["weights"] = view_of(weights);
    AsyncSaver saver;
    std::uint64_t memory = 0;
    for (int i = 0; i < 5; ++i) {
        std::memset(weights.data(), i, weights.size());
        checkpoint.values()["step"] = i;
        REQUIRE(saver.save_async(folder / "file", checkpoint));
        CHECK((memory == 0 || memory == saver.memory_nbytes()));
        memory = saver.memory_nbytes();
    }
    REQUIRE(saver.wait());
    CHECK((file_bytes(folder / "file") == *save_bytes(checkpoint)));
    checkpoint = {};
    REQUIRE(saver.save_async(folder / "empty", checkpoint));
    REQUIRE(saver.wait());
    CHECK((file_bytes(folder / "empty") == *save_bytes(checkpoint)));
}

TEST_CASE("async: a second save waits for the first one, or is refused") {
    const ScratchFolder folder;
    const Checkpoint checkpoint = many_chunks();
    for (const auto when_busy : {AsyncOptions::WhenBusy::wait, AsyncOptions::WhenBusy::refuse}) {
        Gate gate;
        AsyncSaver saver({.when_busy = when_busy});
        const auto first = saver.save_async(folder / "first", checkpoint, {.progress = gate.callback()});
        REQUIRE(first);
        gate.wait_until_reached();
        if (when_busy == AsyncOptions::WhenBusy::refuse) {
            CHECK(saver.save_async(folder / "second", checkpoint).error().condition() == Condition::in_use);
            gate.open();
            REQUIRE(first->wait());
        } else {
            std::thread opener([&] { gate.open(); });
            CHECK(saver.save_async(folder / "second", checkpoint));
            CHECK(first->is_done());
            opener.join();
        }
        REQUIRE(saver.save_async(folder / "third", checkpoint));
        REQUIRE(saver.wait());
        CHECK((file_bytes(folder / "third") == *save_bytes(checkpoint)));
    }
}

TEST_CASE("async: cancel leaves the old file and nothing else") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", every_value()));
    const auto old = file_bytes(folder / "file");
    Gate gate;
    AsyncSaver saver;
    const auto pending = saver.save_async(folder / "file", many_chunks(), {.progress = gate.callback()});
    REQUIRE(pending);
    gate.wait_until_reached();
    pending->cancel();
    gate.open();
    const auto ended = pending->wait();
    REQUIRE(!ended);
    CHECK(ended.error().condition() == Condition::by_caller);
    CHECK(saver.wait().error().condition() == Condition::by_caller);
    CHECK((file_bytes(folder / "file") == old));
    CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
    REQUIRE(saver.save_async(folder / "file", many_chunks()));
    REQUIRE(saver.wait());
}

TEST_CASE("async: what is wrong with path, options or checkpoint is found at the call") {
    const ScratchFolder folder;
    AsyncSaver saver;
    CHECK(saver.save_async(folder.path(), many_chunks()).error().condition() == Condition::target);
    CHECK(saver.save_async(folder / "file", many_chunks(), {.zstd_level = 99}).error().condition() ==
          Condition::option);
    Checkpoint bad;
    bad.values()["\n"] = 1;
    CHECK(saver.save_async(folder / "file", bad).error().condition() == Condition::save_name);
    CHECK(names_in(folder.path()).empty());
    CHECK(saver.wait());
    CHECK(PendingSave().wait());
    CHECK(PendingSave().is_done());
    AsyncSaver moved(std::move(saver));
    CHECK(saver.save_async(folder / "file", many_chunks()).error().condition() == Condition::option);
    CHECK(moved.save_async(folder / "file", many_chunks()));
}

TEST_CASE("async: an error of the save is that of wait, for each handle") {
    const ScratchFolder folder;
    AsyncSaver saver;
    const auto pending = saver.save_async(folder / "file", many_chunks(),
                                          {.progress = [](const Progress&) -> bool { throw 1; }});
    REQUIRE(pending);
    const PendingSave copy = *pending;
    CHECK(copy.wait().error().condition() == Condition::callback);
    CHECK(pending->wait().error().condition() == Condition::callback);
    CHECK(saver.wait().error().condition() == Condition::callback);
}

TEST_CASE("async: tensors of an open file are saved from it, not copied") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", many_chunks(), {.codec = Codec::zstd}));
    AsyncSaver saver;
    {
        const auto reader = Reader::open(folder / "file");
        REQUIRE(reader);
        REQUIRE(saver.save_async(folder / "copy", *reader->checkpoint()));
    }
    REQUIRE(saver.wait());
    CHECK(saver.memory_nbytes() == 0);
    CHECK((file_bytes(folder / "copy") == *save_bytes(many_chunks())));
}

TEST_CASE("async: the end of the saver waits for its save; a child process does not") {
    const ScratchFolder folder;
    {
        Gate gate;  // the save may be in its callback until the saver ends
        AsyncSaver saver;
        REQUIRE(saver.save_async(folder / "file", many_chunks(), {.progress = gate.callback()}));
        gate.wait_until_reached();
        CHECK(in_child([&] {
                  const bool refused =
                      saver.save_async(folder / "child", many_chunks()).error().condition() ==
                      Condition::option;
                  { const AsyncSaver gone(std::move(saver)); }
                  return refused ? 0 : 1;
              }) == 0);
        gate.open();
    }
    CHECK((file_bytes(folder / "file") == *save_bytes(many_chunks())));
}
