// SaveOptions::progress: what it counts, and that it cancels; and the same bytes whatever way they go.
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr std::size_t kWholeNbytes = (std::size_t{13} << 20U) + 777;

TensorView ramp() {
    static const std::vector<std::byte> bytes = make_bytes(kWholeNbytes, 0);
    return TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
}

Checkpoint thirteen_chunks() {
    Checkpoint checkpoint;
    checkpoint.model("model")["ramp"] = ramp();
    return checkpoint;
}

}  // namespace

TEST_CASE("progress: save counts raw bytes up to all of them") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        for (const unsigned threads : {1U, 3U}) {
            std::vector<std::uint64_t> told;
            SaveOptions options{.codec = codec, .threads = threads};
            options.progress = [&](const Progress& progress) {
                CHECK(progress.total_nbytes == kWholeNbytes);
                CHECK((told.empty() || told.back() < progress.done_nbytes));
                told.push_back(progress.done_nbytes);
                return true;
            };
            REQUIRE(save_bytes(thirteen_chunks(), options));
            CHECK(told.size() >= 13);
            CHECK(told.back() == kWholeNbytes);
        }
    }
}

TEST_CASE("progress: a Writer knows the total at commit") {
    MemorySink sink;
    std::vector<Progress> told;
    SaveOptions options;
    options.progress = [&](const Progress& progress) {
        told.push_back(progress);
        return true;
    };
    auto writer = Writer::create(sink, options);
    REQUIRE(writer);
    Checkpoint checkpoint = thirteen_chunks();
    checkpoint.model("model")["written"] = *writer->add(ramp());
    REQUIRE(!told.empty());
    CHECK(told.back().total_nbytes == 0);
    REQUIRE(writer->commit(checkpoint));
    CHECK(told.back().total_nbytes == 2 * kWholeNbytes);
    CHECK(told.back().done_nbytes == 2 * kWholeNbytes);
}

TEST_CASE("progress: a save that is cancelled leaves the old file and nothing else") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    REQUIRE(save(path, every_value()));
    const std::string old = read_file(path);
    for (const bool durable : {true, false}) {
        for (const unsigned threads : {1U, 3U}) {
            for (int last_call = 1; last_call <= 13; ++last_call) {
                int calls = 0;
                SaveOptions options{.threads = threads, .durable = durable};
                options.progress = [&](const Progress&) { return ++calls < last_call; };
                const auto saved = save(path, thirteen_chunks(), options);
                REQUIRE(!saved);
                CHECK(saved.error().code() == Code::cancelled);
                CHECK(calls == last_call);
                CHECK(read_file(path) == old);
                CHECK(names_in(folder.path()) == std::vector<std::string>{"file"});
            }
        }
    }
}

TEST_CASE("progress: what it throws ends the save") {
    MemorySink sink;
    SaveOptions options;
    options.progress = [](const Progress&) -> bool { throw std::runtime_error("no screen"); };
    const auto saved = save(sink, thirteen_chunks(), options);
    REQUIRE(!saved);
    CHECK(saved.error().condition() == Condition::callback);
    CHECK(saved.error().message() == "SaveOptions::progress threw an exception: no screen");
}

TEST_CASE("save: the bytes are the same whatever way they go to the disk") {
    const ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const FileBytes expected = *save_bytes(thirteen_chunks(), {.codec = codec});
        for (const unsigned threads : {1U, 4U}) {
            for (const bool durable : {true, false}) {
                for (const bool keep_cached : {true, false}) {
                    REQUIRE(save(folder / "file", thirteen_chunks(),
                                 {.codec = codec,
                                  .threads = threads,
                                  .durable = durable,
                                  .keep_cached = keep_cached}));
                    const std::string found = read_file(folder / "file");
                    const auto bytes = bytes_of(found);
                    CHECK((FileBytes(bytes.begin(), bytes.end()) == expected));
                }
            }
        }
    }
}
