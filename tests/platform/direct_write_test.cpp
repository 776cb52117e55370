// How the bytes of a durable save reach the disk: past the page cache where the file system can do that.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/aligned_buffer.hpp"
#include "platform/replace.hpp"
#include "support/scratch.hpp"

using milepost::platform::ReplaceOptions;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;

namespace {

constexpr std::size_t kPiece = std::size_t{4} << 20U;

struct Write {
    std::uint64_t offset;
    std::size_t nbytes;
    bool direct;
};

// What the calls of the C library did here, and how they answer in place of the system.
std::mutex mutex;
std::vector<Write> writes;
std::atomic<int> early_calls = 0;
std::vector<off_t> sizes;  // that files were given
bool refuse_direct = false;
std::size_t shorten_direct = 0;

class Recorded {
public:
    explicit Recorded(bool refuse = false, std::size_t shorten = 0) {
        writes.clear();
        early_calls = 0;
        sizes.clear();
        refuse_direct = refuse;
        shorten_direct = shorten;
    }
    Recorded(const Recorded&) = delete;
    Recorded& operator=(const Recorded&) = delete;
    ~Recorded() {
        refuse_direct = false;
        shorten_direct = 0;
    }
};

bool is_direct(int file) {
    return (static_cast<unsigned long>(::syscall(SYS_fcntl, file, F_GETFL)) & O_DIRECT) != 0;
}

std::size_t count_direct() {
    return static_cast<std::size_t>(
        std::count_if(writes.begin(), writes.end(), [](const Write& write) { return write.direct; }));
}

/// Whether files in that folder can be written past the page cache. Not on an older tmpfs.
bool has_direct(const ScratchFolder& folder) {
    const std::string path = folder / "probe";
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_DIRECT, 0600);
    if (file >= 0) ::close(file);
    ::unlink(path.c_str());
    if (file < 0) MESSAGE("no direct I/O in the folder of this test: only the fallback is tested");
    return file >= 0;
}

/// Bytes that differ everywhere, at a multiple of 4096 as all large memory is.
class Content {
public:
    explicit Content(std::size_t nbytes) : memory_(nbytes) {
        std::uint64_t state = 1;
        for (std::byte& byte : memory_.bytes()) {
            state = state * 6364136223846793005U + 1442695040888963407U;
            byte = static_cast<std::byte>(state >> 56U);
        }
    }
    [[nodiscard]] std::span<const std::byte> bytes() const { return memory_.bytes(); }
    [[nodiscard]] std::string text() const {
        return {reinterpret_cast<const char*>(bytes().data()), bytes().size()};
    }

private:
    milepost::base::AlignedBuffer memory_;
};

/// Writes pieces of kPiece on three threads, then the rest.
void save(const std::string& path, std::span<const std::byte> content, const ReplaceOptions& options) {
    auto file = ReplacingFile::create(path, options);
    REQUIRE(file);
    const std::size_t pieces = content.size() / kPiece;
    std::atomic<std::size_t> next = 0, failed = 0;
    const auto work = [&] {
        for (std::size_t i = next++; i < pieces; i = next++) {
            if (!file->write(i * kPiece, content.subspan(i * kPiece, kPiece))) ++failed;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back(work);
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failed == 0);
    REQUIRE(file->write(pieces * kPiece, content.subspan(pieces * kPiece)));
    REQUIRE(file->commit(content.size()));
}

}  // namespace

// The program's own functions come before the C library's.
extern "C" {
ssize_t test_pwrite(int file, const void* from, size_t nbytes, off_t offset) asm("pwrite");
ssize_t test_pwrite(int file, const void* from, size_t nbytes, off_t offset) {
    const bool direct = is_direct(file);
    {
        const std::lock_guard lock(mutex);
        writes.push_back({static_cast<std::uint64_t>(offset), nbytes, direct});
    }
    if (direct && refuse_direct) {
        errno = EINVAL;
        return -1;
    }
    if (direct && shorten_direct != 0) nbytes = std::min(nbytes, shorten_direct);
    return ::syscall(SYS_pwrite64, file, from, nbytes, offset);
}
ssize_t test_pwrite64(int file, const void* from, size_t nbytes, off_t offset) asm("pwrite64");
ssize_t test_pwrite64(int file, const void* from, size_t nbytes, off_t offset) {
    return test_pwrite(file, from, nbytes, offset);
}
int test_ftruncate(int file, off_t size) asm("ftruncate");
int test_ftruncate(int file, off_t size) {
    sizes.push_back(size);
    return static_cast<int>(::syscall(SYS_ftruncate, file, size));
}
int test_ftruncate64(int file, off_t size) asm("ftruncate64");
int test_ftruncate64(int file, off_t size) {
    return test_ftruncate(file, size);
}
int test_early(int file, off_t offset, off_t nbytes, unsigned flags) asm("sync_file_range");
int test_early(int file, off_t offset, off_t nbytes, unsigned flags) {
    ++early_calls;
    return static_cast<int>(::syscall(SYS_sync_file_range, file, offset, nbytes, flags));
}
}

TEST_CASE("direct write: whole pieces go past the page cache, the rest of the file does not") {
    const ScratchFolder folder;
    const Content content(5 * kPiece + 12'345);
    const std::size_t direct = has_direct(folder) ? 5 : 0;
    const Recorded recorded;
    save(folder / "file", content.bytes(), {});
    CHECK(count_direct() == direct);
    CHECK(read_file(folder / "file") == content.text());
    struct stat status {};
    REQUIRE(::stat((folder / "file").c_str(), &status) == 0);
    // What was allocated ahead is given back.
    CHECK(static_cast<std::size_t>(status.st_blocks) * 512 < content.bytes().size() + (1U << 20U));
}

TEST_CASE("direct write: where the file system refuses it, the same file is written without it") {
    const ScratchFolder folder;
    const Content content(5 * kPiece + 4096);
    const bool direct = has_direct(folder);
    const Recorded recorded(true);
    save(folder / "file", content.bytes(), {});
    CHECK(count_direct() <= 3);  // one attempt of each thread
    CHECK((count_direct() > 0) == direct);
    CHECK(early_calls > 0);
    CHECK(read_file(folder / "file") == content.text());
}

TEST_CASE("direct write: one that writes less continues, also where the rest does not suit direct I/O") {
    const ScratchFolder folder;
    const Content content(2 * kPiece + 1);
    for (const std::size_t shorten : {std::size_t{1} << 20U, std::size_t{1} << 19U, std::size_t{512}}) {
        CAPTURE(shorten);
        const Recorded recorded(false, shorten);
        save(folder / "file", content.bytes(), {});
        CHECK(read_file(folder / "file") == content.text());
    }
}

TEST_CASE("direct write: not for a file that shall stay in the page cache, and not unless it is durable") {
    const ScratchFolder folder;
    const Content content(5 * kPiece);
    {
        const Recorded recorded;
        save(folder / "file", content.bytes(), {.keep_cached = true});
        CHECK(count_direct() == 0);
        CHECK(early_calls > 0);
    }
    const Recorded recorded;
    save(folder / "file", content.bytes(), {.durable = false});
    CHECK(count_direct() == 0);
    CHECK(early_calls == 0);
    CHECK(read_file(folder / "file") == content.text());
}

TEST_CASE("direct write: memory at any address, and pieces of any size") {
    const ScratchFolder folder;
    const Content content(2 * kPiece + 3);
    for (const std::size_t step : {std::size_t{1}, std::size_t{512}, std::size_t{4096}}) {
        CAPTURE(step);
        const auto whole = content.bytes().subspan(step);
        auto file = ReplacingFile::create(folder / "file", {});
        REQUIRE(file);
        REQUIRE(file->write(0, whole.first(kPiece - step)));
        REQUIRE(file->write(kPiece - step, whole.subspan(kPiece - step)));
        REQUIRE(file->commit(whole.size()));
        CHECK(read_file(folder / "file") == content.text().substr(step));
    }
}

// ext4 begins to write all of such a file when it is closed, which makes a save that is not durable wait for
// the disk.
TEST_CASE("direct write: a file never gets the size 0 before it has its content") {
    const ScratchFolder folder;
    const Content content(kPiece + 5);
    for (const bool durable : {true, false}) {
        for (const std::size_t reserved : {std::size_t{0}, kPiece, 2 * kPiece}) {
            CAPTURE(reserved);
            const Recorded recorded;
            auto file = ReplacingFile::create(folder / "file", {.durable = durable});
            REQUIRE(file);
            REQUIRE(file->reserve(reserved));
            REQUIRE(file->write(0, content.bytes().first(kPiece)));
            REQUIRE(file->write(kPiece, content.bytes().subspan(kPiece)));
            REQUIRE(file->commit(content.bytes().size()));
            CHECK(std::count(sizes.begin(), sizes.end(), 0) == 0);
            CHECK(read_file(folder / "file") == content.text());
        }
    }
    // A file that stays empty is empty.
    auto file = ReplacingFile::create(folder / "file", {});
    REQUIRE(file);
    REQUIRE(file->reserve(kPiece));
    REQUIRE(file->commit(0));
    CHECK(read_file(folder / "file").empty());
}
