#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"
#include "support/verdict.hpp"

// Small checkpoints of each codec, broken everywhere once: every bit flipped, every length cut, every sector
// lost.
namespace {

using namespace milepost;
using namespace milepost::testing;

struct Subject {
    std::string_view name;
    FileBytes file;
    format::IndexPlacement placement;
};

/// Compressed and raw chunks; storages with padding before, between and after them.
const std::vector<Subject>& subjects() {
    static const std::vector<Subject> made = [] {
        std::vector<Subject> all;
        for (const auto& [name, codec] : {std::pair("raw", Codec::raw), std::pair("zstd", Codec::zstd)}) {
            FileBytes file = *save_bytes(small(), {.codec = codec});
            const auto placement = last_footer(file)->placement;
            all.push_back({name, std::move(file), placement});
        }
        return all;
    }();
    return made;
}

/// A Source over memory that others change.
class Borrowed final : public Source {
public:
    explicit Borrowed(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        const auto from = bytes_.subspan(static_cast<std::size_t>(offset), to.size());
        std::copy(from.begin(), from.end(), to.begin());
        return {};
    }

private:
    std::span<const std::byte> bytes_;
};

Result<Reader> open_borrowed(std::span<const std::byte> bytes) {
    return Reader::open(std::make_shared<Borrowed>(bytes));
}

bool is(const Result<Reader>& file, Condition condition) {
    return !file && file.error().condition() == condition;
}

/// Whether opening and verifying notice that the byte at `at` is wrong, and report where.
bool is_noticed(const Subject& subject, std::span<const std::byte> bytes, std::size_t at) {
    const auto file = open_borrowed(bytes);
    if (at < format::kHeaderNbytes) return is(file, Condition::header_checksum);
    if (at >= subject.placement.footer_b()) return is(file, Condition::footer_checksum);
    if (!file) return false;
    const auto report = verify(*file, {.threads = 1});
    if (!report || report->damage.size() != 1) return false;
    const Damage& damage = report->damage.front();
    return damage.begin <= at && at < damage.end && damage.end <= bytes.size();
}

bool is_refused_as(std::span<const std::byte> bytes, Code code) {
    const auto file = open_borrowed(bytes);
    return !file && file.error().code() == code;
}

}  // namespace

TEST_CASE("damage: every flipped bit is noticed, and the named range holds it") {
    for (const Subject& subject : subjects()) {
        FileBytes bytes = subject.file;
        for (std::size_t at = 0; at < bytes.size(); ++at) {
            for (unsigned bit = 0; bit < 8; ++bit) {
                bytes[at] ^= static_cast<std::byte>(1U << bit);
                if (!is_noticed(subject, bytes, at)) FAIL_CHECK(subject.name, ", bit ", bit, " of byte ", at);
                bytes[at] ^= static_cast<std::byte>(1U << bit);
            }
        }
        CHECK((bytes == subject.file));
    }
}

TEST_CASE("damage: cut at every length, it is truncated") {
    for (const Subject& subject : subjects()) {
        for (std::size_t nbytes = 0; nbytes < subject.file.size(); ++nbytes) {
            if (is_refused_as(std::span(subject.file).first(nbytes), Code::truncated)) continue;
            FAIL_CHECK(subject.name, ", cut to ", nbytes);
        }
    }
}

TEST_CASE("damage: whatever is appended is trailing") {
    for (const Subject& subject : subjects()) {
        for (const std::byte fill : {std::byte{0}, std::byte{0xFF}}) {
            FileBytes bytes = subject.file;
            for (int i = 0; i < 200; ++i) {
                bytes.push_back(fill);
                CHECK(is(open_borrowed(bytes), Condition::trailing_bytes));
            }
        }
    }
}

TEST_CASE("damage: the beginning missing, it is not a checkpoint") {
    const FileBytes& file = subjects().front().file;
    for (std::size_t missing = 1; missing < 200; ++missing) {
        CHECK(is_refused_as(std::span(file).subspan(missing), Code::not_a_checkpoint));
    }
}

TEST_CASE("damage: a sector that is zero, foreign, or another one, is noticed") {
    const Subject& subject = subjects()[1];
    const FileBytes& good = subject.file;
    for (const std::size_t sector : {std::size_t{512}, std::size_t{4096}}) {
        for (std::size_t at = 0; at < good.size(); at += sector) {
            const std::size_t nbytes = std::min(sector, good.size() - at);
            const auto place = static_cast<std::ptrdiff_t>(at);
            for (int kind = 0; kind < 3; ++kind) {
                FileBytes bytes = good;
                const std::size_t other = at >= sector ? at - sector : at + sector;
                for (std::size_t i = 0; i < nbytes; ++i) {
                    const std::byte copied = other + i < good.size() ? good[other + i] : std::byte{7};
                    bytes[at + i] = kind == 0 ? std::byte{0} : kind == 1 ? std::byte{0xA5} : copied;
                }
                if (std::equal(bytes.begin() + place, bytes.end(), good.begin() + place)) continue;
                INFO("sector of " << sector << " at " << at << ", kind " << kind);
                CHECK(verdict_of(open_borrowed(bytes), 1) != "ok");
            }
        }
    }
}

TEST_CASE("damage: two chunks swapped") {
    static const std::vector<std::byte> first = make_bytes(64, 1), second = make_bytes(64, 2);
    Checkpoint checkpoint;
    checkpoint.values()["first"] = TensorView(*find_dtype(Dtype::u8), {64}, StorageView(first));
    checkpoint.values()["second"] = TensorView(*find_dtype(Dtype::u8), {64}, StorageView(second));
    FileBytes file = *save_bytes(checkpoint);
    std::swap_ranges(file.begin() + 64, file.begin() + 128, file.begin() + 128);
    CHECK(verdict_of(open_bytes(file), 1) == "verify corrupt/chunk_checksum corrupt/chunk_checksum");
}

TEST_CASE("damage: one index copy lost, with its footer, does no harm to opening") {
    for (const Subject& subject : subjects()) {
        FileBytes bytes = subject.file;
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(subject.placement.index_offset);
        std::fill(begin, bytes.begin() + static_cast<std::ptrdiff_t>(subject.placement.gap()), std::byte{0});
        const auto file = open_bytes(bytes);
        REQUIRE(file);
        CHECK(file->warnings().size() == 1);
        CHECK(verdict_of(file, 1) == "verify corrupt/index_copy corrupt/index_copy");
        CHECK((*save_bytes(*file->checkpoint(), {.codec = Codec::raw}) == subjects().front().file));
    }
}

TEST_CASE("damage: verifying goes on, and lists all of it in the order of the file") {
    FileBytes file = *save_bytes(many_chunks(), {.codec = Codec::zstd});
    const auto parts = take_apart(file);
    const auto placement = last_footer(file)->placement;
    const std::uint64_t places[] = {parts->begin_of(0), parts->begin_of(1), parts->begin_of(2),
                                    placement.index_offset, placement.gap()};
    for (const std::uint64_t place : places)
        file[static_cast<std::size_t>(place)] ^= std::byte{1};
    for (const unsigned threads : {1U, 4U}) {
        const auto reader = open_bytes(file);
        const auto report = verify(*reader, {.threads = threads});
        REQUIRE(report);
        REQUIRE(report->damage.size() == 5);
        CHECK(report->chunks == 5);
        for (std::size_t i = 0; i < 5; ++i) {
            CHECK(report->damage[i].begin <= places[i]);
            CHECK(places[i] < report->damage[i].end);
        }
        REQUIRE(report->damage[0].tensors.size() == 1);
        CHECK(reader->tensor_path(report->damage[0].tensors[0]) == "model/ramp");
        CHECK(report->damage[0].storage == 0U);
        CHECK(report->damage[0].chunk == 0U);
        CHECK(report->damage[4].tensors.empty());
    }
}
