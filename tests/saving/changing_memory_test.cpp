#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <new>
#include <span>
#include <vector>

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/memory.hpp"
#include "support/sizes.hpp"
#include "support/verdict.hpp"

// Memory that somebody else changes while it is saved. Another process does so here: for the program itself
// it would be a data race.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// Memory that a child process changes all the time, everywhere. What it holds is easy to compress.
class ChangingMemory {
public:
    explicit ChangingMemory(std::size_t nbytes)
        : bytes_(static_cast<std::byte*>(
                     ::mmap(nullptr, nbytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
                 nbytes) {
        child_ = ::fork();
        if (child_ != 0) return;
        for (unsigned i = 0; ::getppid() != 1; ++i) {
            for (std::size_t at = 0; at < nbytes; at += 4096)
                *const_cast<volatile std::byte*>(&bytes_[at]) = static_cast<std::byte>(i);
        }
        ::_exit(0);
    }
    ChangingMemory(const ChangingMemory&) = delete;
    ChangingMemory& operator=(const ChangingMemory&) = delete;
    ~ChangingMemory() {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        ::munmap(bytes_.data(), bytes_.size());
    }

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

private:
    std::span<std::byte> bytes_;
    pid_t child_ = -1;
};

TensorView tensor_of(std::span<const std::byte> bytes) {
    return TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
}

const Codec kCodecs[] = {Codec::raw, Codec::zstd, Codec::automatic};

}  // namespace

TEST_CASE("changing memory: the file is whole, with every codec and any number of threads") {
    const ChangingMemory memory(24 * kMib + 333);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = tensor_of(memory.bytes());
    checkpoint.model("net")["small"] = tensor_of(memory.bytes().first(5000));
    for (const Codec codec : kCodecs) {
        for (const unsigned threads : {1U, 3U}) {
            for (int i = 0; i < 4; ++i) {
                INFO("codec " << static_cast<int>(codec) << ", threads " << threads);
                const auto saved = save_bytes(checkpoint, {.codec = codec, .threads = threads});
                REQUIRE(saved);
                CHECK(verdict_of(open_bytes(*saved), 1) == "ok");
            }
        }
    }
}

TEST_CASE("changing memory: added, given in large pieces, and compacted") {
    const ChangingMemory memory(24 * kMib);
    for (const Codec codec : kCodecs) {
        for (const bool compact : {false, true}) {
            INFO("codec " << static_cast<int>(codec) << ", compact " << compact);
            MemorySink sink;
            auto writer = Writer::create(sink, {.codec = codec, .threads = 2, .compact = compact});
            REQUIRE(writer);
            Checkpoint checkpoint;
            checkpoint.values()["added"] = *writer->add(tensor_of(memory.bytes()));
            REQUIRE(writer->begin_tensor(Dtype::u8, {memory.bytes().size()}));
            REQUIRE(writer->append(memory.bytes().first(9 * kMib)));
            REQUIRE(writer->append(memory.bytes().subspan(9 * kMib)));
            checkpoint.values()["pieces"] = *writer->end_tensor();
            checkpoint.values()["column"] =
                TensorView(*find_dtype(Dtype::u8), {6 * kMib}, StorageView(memory.bytes()), 0, {4});
            REQUIRE(writer->commit(checkpoint));
            CHECK(verdict_of(open_bytes(sink.bytes()), 1) == "ok");
        }
    }
}
