// Files that are not in the page cache: read past it where the file system can do that, and the same bytes
// where not.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <milepost/milepost.hpp>

#include "base/aligned_buffer.hpp"
#include "platform/cold_file.hpp"
#include "platform/file.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"

using namespace milepost;
using namespace milepost::testing;
using milepost::platform::ColdFile;
using milepost::platform::InputFile;

namespace {

// What reads of the C library did here, and how they answer in place of the system.
std::atomic<int> direct_reads = 0;
std::atomic<int> refuse_direct = 0;  // an errno
std::atomic<std::size_t> shorten_direct = 0;

bool is_direct(int file) {
    return (static_cast<unsigned long>(::syscall(SYS_fcntl, file, F_GETFL)) & O_DIRECT) != 0;
}

/// Takes a file out of the page cache.
void make_cold(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR);
    REQUIRE(file >= 0);
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

/// Whether files of this folder leave the page cache, and can be read past it. Not on tmpfs.
bool can_be_cold(const ScratchFolder& folder) {
    write_file(folder / "probe", pattern(kMib, 1));
    make_cold(folder / "probe");
    const InputFile file = *InputFile::open(folder / "probe");
    ColdFile cold(file, true);
    const bool can = cold.is_absent(0, kMib) && cold.is_direct();
    if (!can) MESSAGE("no cold files in the folder of this test: only the fallback is tested");
    return can;
}

/// 40 MiB in large and small tensors.
Checkpoint model() {
    static const std::vector<std::vector<std::byte>> tensors = [] {
        std::vector<std::vector<std::byte>> made;
        for (std::uint32_t i = 0; i < 50; ++i)
            made.push_back(make_bytes(i % 10 == 0 ? 8 * kMib + i : 3000 * i, 1 + i));
        return made;
    }();
    Checkpoint checkpoint;
    for (std::size_t i = 0; i < tensors.size(); ++i)
        checkpoint.model("net")[std::to_string(i)] =
            TensorView(*find_dtype(Dtype::u8), {tensors[i].size()}, StorageView(tensors[i]));
    return checkpoint;
}

/// Loads the file, and compares it with the model.
void check_load(const std::string& path, const OpenOptions& options) {
    const auto file = Reader::open(path, options);
    REQUIRE(file);
    auto loaded = load_all(*file, {.threads = 2});
    REQUIRE_MESSAGE(loaded, loaded.error().message());
    const Checkpoint saved = model();
    for (const auto& [name, value] : saved.models()[0].second) {
        const auto expected = *value.get_if<TensorView>()->bytes();
        const auto found = *(*loaded).model("net")[name].get_if<TensorView>()->bytes();
        CHECK(std::equal(expected.begin(), expected.end(), found.begin(), found.end()));
    }
}

/// Brings the first bytes of the file into the page cache, and nothing beyond them: without that advice the
/// system reads ahead, by as much as 16 MiB.
void warm(const std::string& path, std::size_t nbytes) {
    const int file = ::open(path.c_str(), O_RDONLY);
    REQUIRE(file >= 0);
    REQUIRE(::posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM) == 0);
    std::vector<std::byte> to(nbytes);
    REQUIRE(::read(file, to.data(), nbytes) == static_cast<ssize_t>(nbytes));
    ::close(file);
}

bool is_cold(const std::string& path) {
    const InputFile file = *InputFile::open(path);
    return ColdFile(file, false).is_absent(0, file.size());
}

}  // namespace

// The program's own functions come before the C library's.
extern "C" {
ssize_t test_pread(int file, void* to, size_t nbytes, off_t offset) asm("pread");
ssize_t test_pread(int file, void* to, size_t nbytes, off_t offset) {
    if (is_direct(file)) {
        ++direct_reads;
        if (refuse_direct != 0) {
            errno = refuse_direct;
            return -1;
        }
        if (shorten_direct != 0) nbytes = std::min<std::size_t>(nbytes, shorten_direct);
    }
    return ::syscall(SYS_pread64, file, to, nbytes, offset);
}
ssize_t test_pread64(int file, void* to, size_t nbytes, off_t offset) asm("pread64");
ssize_t test_pread64(int file, void* to, size_t nbytes, off_t offset) {
    return test_pread(file, to, nbytes, offset);
}
}

TEST_CASE("cold: what is in the page cache, and what is not") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, pattern(3 * kMib + 123, 2));
    const InputFile file = *InputFile::open(path);
    const ColdFile cold(file, false);
    CHECK_FALSE(cold.is_direct());
    CHECK_FALSE(cold.is_absent(0, file.size()));
    CHECK_FALSE(cold.is_absent(file.size() - 1, 1));
    if (!can_be_cold(folder)) return;
    make_cold(path);
    CHECK(cold.is_absent(0, file.size()));
    CHECK(cold.is_absent(file.size() - 1, 1));
    CHECK(cold.is_absent(file.size() - 1, 1));  // asking reads nothing
    cold.will_need(0, kMib);
    std::vector<std::byte> to(static_cast<std::size_t>(file.size()));
    REQUIRE(file.read(0, to));
    CHECK_FALSE(cold.is_absent(0, file.size()));
}

TEST_CASE("cold: direct reads, up to the end of the file and in parts") {
    const ScratchFolder folder;
    if (!can_be_cold(folder)) return;
    const std::string content = pattern(3 * kMib + 5000, 3);
    write_file(folder / "file", content);
    make_cold(folder / "file");
    const InputFile file = *InputFile::open(folder / "file");
    base::AlignedBuffer buffer(4 * kMib);
    for (const std::size_t part : {std::size_t{0}, kMib, std::size_t{512}}) {
        shorten_direct = part;
        ColdFile cold(file, true);
        const auto whole = buffer.bytes().first(3 * kMib + 8192);
        const std::size_t needed = content.size() - 4096;
        const bool read = cold.read(4096, whole, needed);
        CHECK(read == (part != 512));  // a read that ends within a block cannot go on
        CHECK(cold.is_direct() == read);
        if (read)
            CHECK(std::equal(content.begin() + 4096, content.end(),
                             reinterpret_cast<const char*>(whole.data())));
    }
    shorten_direct = 0;
    CHECK(is_cold(folder / "file"));
}

TEST_CASE(
    "cold: a file is loaded past the page cache, or through it if that is wanted or direct reads are refused") {
    const ScratchFolder folder;
    const bool can = can_be_cold(folder);
    const std::string path = folder / "file";
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        REQUIRE(save(path, model(), {.codec = codec}));
        for (const Access access : {Access::mapped, Access::read}) {
            struct Way {
                bool keep_cached;
                int refuse;
            };
            for (const Way way : {Way{false, 0}, Way{true, 0}, Way{false, EINVAL}, Way{false, EIO}}) {
                make_cold(path);
                direct_reads = 0;
                refuse_direct = way.refuse;
                check_load(path, {.access = access, .keep_cached = way.keep_cached});
                refuse_direct = 0;
                if (!can) continue;
                const bool past = !way.keep_cached && way.refuse == 0;
                CHECK((direct_reads > 0) == !way.keep_cached);
                if (way.refuse != 0) CHECK(direct_reads <= 6);  // by each thread once at most
                CHECK(is_cold(path) == past);
            }
        }
    }
}

TEST_CASE("cold: a file that is half in the page cache, and one that is all in it") {
    const ScratchFolder folder;
    const bool can = can_be_cold(folder);
    const std::string path = folder / "file";
    REQUIRE(save(path, model()));
    make_cold(path);
    const auto nbytes = static_cast<std::size_t>(InputFile::open(path)->size());
    warm(path, nbytes / 2);
    direct_reads = 0;
    check_load(path, {.access = Access::mapped});
    if (can) CHECK(direct_reads > 2);
    if (can) CHECK(direct_reads < 9);  // of 11 segments
    warm(path, nbytes);
    direct_reads = 0;
    check_load(path, {.access = Access::mapped});
    CHECK(direct_reads == 0);
}

TEST_CASE("cold: damage is found, and names its tensor") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    REQUIRE(save(path, model()));
    const StorageInfo storage = Reader::open(path)->storages()[20];
    std::string bytes = read_file(path);
    bytes[static_cast<std::size_t>(storage.offset) + 3 * kMib] ^= 1;
    write_file(path, bytes);
    make_cold(path);
    const auto file = Reader::open(path);
    REQUIRE(file);
    const auto loaded = load_all(*file);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().condition() == Condition::chunk_checksum);
    CHECK(loaded.error().message().find("net/20 chunk 3") == 0);
}
