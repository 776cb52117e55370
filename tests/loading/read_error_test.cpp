#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

// Files of which some ranges cannot be read, as on a disk with bad sectors.
namespace {

using namespace milepost;
using testing::FileBytes;

struct Sectors {
    std::uint64_t begin, end;
};

/// Memory in which reads that touch a bad range fail.
class BadSectors final : public Source {
public:
    BadSectors(FileBytes bytes, std::vector<Sectors> bad, Condition condition = Condition::read)
        : bytes_(std::move(bytes)), bad_(std::move(bad)), condition_(condition) {}

    Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        for (const Sectors& range : bad_) {
            if (offset < range.end && offset + to.size() > range.begin)
                return Error(condition_, "the sector is bad");
        }
        if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return {};
    }

private:
    FileBytes bytes_;
    std::vector<Sectors> bad_;
    Condition condition_;
};

Result<Reader> open_bad(const FileBytes& file, std::vector<Sectors> bad,
                        Condition condition = Condition::read) {
    return Reader::open(std::make_shared<BadSectors>(file, std::move(bad), condition));
}

}  // namespace

TEST_CASE("read error: in copy A of the index, copy B is used, with a warning") {
    const FileBytes file = *testing::save_bytes(testing::small());
    const auto placement = testing::last_footer(file)->placement;
    const Sectors bad = {placement.index_offset + 8, placement.index_offset + 9};
    const auto reader = open_bad(file, {bad});
    REQUIRE(reader);
    REQUIRE(reader->warnings().size() == 1);
    const Error& warning = reader->warnings()[0];
    CHECK(warning.condition() == Condition::read);
    CHECK(warning.message().find("index copy A at ") != std::string::npos);
    CHECK(warning.message().find("the sector is bad; using copy B") != std::string::npos);
    CHECK(*testing::save_bytes(*reader->checkpoint()) == file);
    const auto report = verify(*reader);
    REQUIRE(report);
    REQUIRE(report->damage.size() == 1);
    CHECK(report->unreadable_count == 1);
    CHECK(report->damage[0].error.condition() == Condition::read);
    CHECK(report->damage[0].error.message().find("index copy A cannot be read") != std::string::npos);
    CHECK(report->damage[0].begin == placement.index_offset);
    CHECK(report->damage[0].end == placement.index_offset + placement.index_nbytes);
}

TEST_CASE("read error: no copy of the index is whole") {
    FileBytes file = *testing::save_bytes(testing::small());
    const auto placement = testing::last_footer(file)->placement;
    const Sectors a = {placement.index_offset, placement.index_offset + 1};
    const Sectors b = {placement.copy_b(), placement.copy_b() + 1};
    // A copy that cannot be read may be whole: the error is that of the disk.
    CHECK(open_bad(file, {a, b}).error().condition() == Condition::read);
    FileBytes damaged_b = file;
    damaged_b[static_cast<std::size_t>(b.begin)] ^= std::byte{1};
    CHECK(open_bad(damaged_b, {a}).error().condition() == Condition::read);
    file[static_cast<std::size_t>(a.begin)] ^= std::byte{1};
    CHECK(open_bad(file, {b}).error().condition() == Condition::read);
    // No memory, or a file that changes, is not a reason to go on.
    for (const Condition condition : {Condition::out_of_memory, Condition::changed})
        CHECK(open_bad(file, {a}, condition).error().condition() == condition);
}

TEST_CASE("read error: verify goes on, and keeps what it found before and after") {
    FileBytes file = *testing::save_bytes(testing::many_chunks(), {.codec = Codec::raw});
    const auto parts = testing::take_apart(file);
    const auto placement = testing::last_footer(file)->placement;
    const std::uint64_t first = parts->begin_of(0), second = parts->begin_of(1);
    file[static_cast<std::size_t>(first)] ^= std::byte{1};                   // before
    file[static_cast<std::size_t>(placement.copy_b() - 1)] ^= std::byte{1};  // after: in the gap
    const std::vector<Sectors> bad = {{second, second + 1}, {placement.copy_b(), placement.copy_b() + 1}};
    for (const unsigned threads : {1U, 4U}) {
        const auto reader = open_bad(file, bad);
        REQUIRE(reader);
        const auto report = verify(*reader, {.threads = threads});
        REQUIRE(report);
        REQUIRE(report->damage.size() == 4);
        CHECK(report->damage_count == 4);
        CHECK(report->unreadable_count == 2);
        const Condition expected[] = {Condition::chunk_checksum, Condition::read, Condition::padding,
                                      Condition::read};
        for (std::size_t i = 0; i < 4; ++i)
            CHECK(report->damage[i].error.condition() == expected[i]);
        const Damage& unreadable = report->damage[1];
        CHECK(unreadable.storage == 1U);
        CHECK(unreadable.begin == second);
        CHECK(unreadable.tensor_count == 1);
        CHECK(unreadable.error.message().find(": the sector is bad") != std::string::npos);
        CHECK(report->damage[3].begin == placement.copy_b());
    }
}

TEST_CASE("read error: no memory, or a file that changes, ends verify") {
    const FileBytes file = *testing::save_bytes(testing::many_chunks());
    const std::uint64_t first = testing::take_apart(file)->begin_of(0);
    const std::uint64_t gap = testing::last_footer(file)->placement.gap();
    for (const Condition condition : {Condition::out_of_memory, Condition::changed}) {
        for (const std::uint64_t at : {first, gap}) {
            const auto report = verify(*open_bad(file, {{at, at + 1}}, condition), {.threads = 2});
            REQUIRE(!report);
            CHECK(report.error().condition() == condition);
        }
    }
}

TEST_CASE("verify: progress counts bytes of the file, up to its size") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const FileBytes file = *testing::save_bytes(testing::many_chunks(), {.codec = codec});
        for (const unsigned threads : {1U, 3U}) {
            std::vector<std::uint64_t> told;
            const auto note = [&](const Progress& progress) {
                CHECK(progress.total_nbytes == file.size());
                told.push_back(progress.done_nbytes);
                return true;
            };
            REQUIRE(verify(*testing::open_bytes(file), {.threads = threads, .progress = note}));
            REQUIRE(!told.empty());
            CHECK(std::is_sorted(told.begin(), told.end()));
            CHECK(told.back() == file.size());
            CHECK(std::count(told.begin(), told.end(), file.size()) == 1);
        }
    }
}

TEST_CASE("verify: the progress function can cancel it, and is not called again") {
    const FileBytes file = *testing::save_bytes(testing::many_chunks());
    for (const unsigned threads : {1U, 3U}) {
        for (const int last_call : {1, 2}) {
            int calls = 0;
            const auto report = verify(
                *testing::open_bytes(file),
                {.threads = threads, .progress = [&](const Progress&) { return ++calls < last_call; }});
            REQUIRE(!report);
            CHECK(report.error().condition() == Condition::by_caller);
            CHECK(calls == last_call);
        }
    }
}

TEST_CASE("read error: a copy that fails holds no damaged bytes") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        FileBytes file = *testing::save_bytes(testing::many_chunks(), {.codec = codec});
        const StorageInfo storage = testing::open_bytes(file)->storages()[0];
        file[static_cast<std::size_t>(storage.offset + 20)] ^= std::byte{0x5a};
        const auto reader = testing::open_bytes(file);
        std::vector<std::byte> copy(reader->tensor_at(0)->nbytes(), std::byte{0x77});
        CHECK(!reader->tensor_at(0)->copy_to(copy));
        const auto first = std::span(copy).first(std::min<std::size_t>(copy.size(), std::size_t{1} << 20U));
        // The chunk was read into other memory, or its bytes were taken back.
        const std::byte left = first.front();
        CHECK((left == std::byte{0} || left == std::byte{0x77}));
        CHECK(std::count(first.begin(), first.end(), left) == static_cast<std::ptrdiff_t>(first.size()));
    }
}
