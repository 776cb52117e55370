// A process that forks while it saves, as programs do that start workers: the save is the parent's. A Reader
// can be used by both.
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"
#include "support/verdict.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr unsigned kSeconds = 30;  // after which a child that hangs is ended by SIGALRM

std::optional<Writer> writer_to(const std::string& path, const SaveOptions& options = {}) {
    auto writer = Writer::create(path, options);
    REQUIRE(writer);
    return *std::move(writer);
}

}  // namespace

TEST_CASE("fork: a child that destroys a Writer leaves the parent's file") {
    const ScratchFolder folder;
    const std::vector<std::byte> bytes = make_bytes(6 * kMib, 3);  // more than is buffered
    auto writer = writer_to(folder / "file");
    Checkpoint checkpoint;
    const auto added = writer->add(bytes_tensor(bytes));
    REQUIRE(added);
    checkpoint.model("model")["weight"] = *added;
    CHECK(in_child([&] {
              writer.reset();
              return 0;
          }) == 0);
    REQUIRE(writer->commit(checkpoint));
    const auto file = Reader::open(folder / "file");
    CHECK(verdict_of(file, 1) == "ok");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("fork: no call of a child goes on with the save") {
    const ScratchFolder folder;
    testing::write_file(folder / "file", "old");
    const std::vector<std::byte> bytes = make_bytes(1000, 3);
    auto writer = writer_to(folder / "file");
    REQUIRE(writer->begin_tensor(Dtype::u8, {2000}));
    REQUIRE(writer->append(bytes));
    CHECK(in_child([&] {
              const auto is_refused = [](const auto& done) {
                  return !done && done.error().code() == Code::invalid_argument &&
                         done.error().condition() == Condition::option;
              };
              if (!is_refused(writer->append(bytes))) return 1;
              if (!is_refused(writer->end_tensor())) return 2;
              if (!is_refused(writer->begin_tensor(Dtype::u8, {5}))) return 3;
              if (!is_refused(writer->add(bytes_tensor(bytes)))) return 4;
              if (!is_refused(writer->commit({}))) return 5;
              Writer moved(*std::move(writer));
              return is_refused(moved.commit({})) ? 0 : 6;
          }) == 0);
    CHECK(testing::read_file(folder / "file") == "old");
    REQUIRE(writer->append(bytes));
    const auto ended = writer->end_tensor();
    REQUIRE(ended);
    Checkpoint checkpoint;
    checkpoint.model("model")["weight"] = *ended;
    REQUIRE(writer->commit(checkpoint));
    CHECK(verdict_of(Reader::open(folder / "file"), 1) == "ok");
}

TEST_CASE("fork: a child can go on with a Writer into memory, which it has a copy of") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    REQUIRE(writer);
    const auto commits = [&] { return writer->commit(one_value(1)) ? 0 : 1; };
    CHECK(in_child(commits) == 0);
    CHECK(sink.commits() == 0);
    CHECK(commits() == 0);
    CHECK(sink.commits() == 1);
}

TEST_CASE("fork: by another thread during a commit; the child's destructor does not wait for threads") {
    const ScratchFolder folder;
    const std::vector<std::byte> bytes = make_bytes(5 * kMib, 3);
    auto writer = writer_to(folder / "file", {.codec = Codec::zstd, .zstd_level = 19, .threads = 2});
    bool saved = false;
    std::thread saver([&] { saved = bool(writer->commit(one_value(bytes_tensor(bytes)))); });
    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        CHECK(in_child([&] {
                  ::alarm(kSeconds);
                  writer.reset();
                  return 0;
              }) == 0);
    }
    saver.join();
    CHECK(saved);
    CHECK(verdict_of(Reader::open(folder / "file"), 1) == "ok");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
}

TEST_CASE("fork: a Reader can be used in the child too") {
    const ScratchFolder folder;
    const std::vector<std::byte> bytes = make_bytes(3 * kMib, 5);
    for (const Access access : {Access::mapped, Access::read}) {
        for (const Codec codec : {Codec::raw, Codec::zstd}) {
            Checkpoint checkpoint;
            checkpoint.model("model")["weight"] = bytes_tensor(bytes);
            REQUIRE(save(folder / "file", checkpoint, {.codec = codec}));
            const auto file = Reader::open(folder / "file", {.access = access});
            REQUIRE(file);
            const auto is_whole = [&] {
                std::vector<std::byte> content(bytes.size());
                const auto tensor = file->tensor("model", "weight");
                return tensor && tensor->copy_to(content) && content == bytes;
            };
            CHECK(in_child([&] { return is_whole() && verdict_of(file, 2) == "ok" ? 0 : 1; }) == 0);
            CHECK(is_whole());
        }
    }
}
