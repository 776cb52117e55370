#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>

#include "golden/rows.hpp"
#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// Sources that fail, and files that change while they are open.
namespace {

using namespace milepost;
using namespace milepost::golden;
using namespace milepost::testing;

/// Fails at its n-th call, of size() or read().
class FailingSource final : public Source {
public:
    FailingSource(const FileBytes& bytes, std::uint64_t failing_call)
        : bytes_(bytes), failing_call_(failing_call) {}

    Result<std::uint64_t> size() const override {
        if (fails()) return Error(Condition::read, "the wire is cut");
        return std::uint64_t{bytes_.size()};
    }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (fails()) return Error(Condition::read, "the wire is cut");
        if (offset > bytes_.size() || to.size() > bytes_.size() - offset)
            out_of_bounds_ = true;
        else if (!to.empty())
            std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return {};
    }

    [[nodiscard]] bool has_failed() const noexcept { return calls_ > failing_call_; }
    [[nodiscard]] bool was_out_of_bounds() const noexcept { return out_of_bounds_; }

private:
    bool fails() const noexcept { return calls_++ == failing_call_; }

    const FileBytes& bytes_;
    std::uint64_t failing_call_;
    mutable std::atomic<std::uint64_t> calls_{0};
    mutable std::atomic<bool> out_of_bounds_{false};
};

/// Opens, reads every tensor in both ways, verifies. The first error, if any.
Result<void> use_all(const std::shared_ptr<const Source>& source, unsigned threads) {
    const auto file = Reader::open(source, {.threads = threads});
    if (!file) return file.error();
    if (!file->warnings().empty()) return file->warnings().front();  // index copy A
    for (const TensorView& tensor : file->tensors()) {
        const auto copy = tensor.load();
        if (!copy) return copy.error();
        const auto bytes = tensor.bytes();
        if (!bytes && bytes.error().condition() != Condition::layout) return bytes.error();
    }
    const auto report = verify(*file, {.threads = threads});
    if (!report) return report.error();
    if (!report->ok()) return report->damage.front().error;  // bytes that could not be read
    return {};
}

void write_file(const std::string& path, const FileBytes& file) {
    testing::write_file(path, {reinterpret_cast<const char*>(file.data()), file.size()});
}

}  // namespace

TEST_CASE("source: an error at any call passes through, and the next try succeeds") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const FileBytes bytes = *save_bytes(many_chunks(), {.codec = codec});
        for (const unsigned threads : {1U, 3U}) {
            std::uint64_t n = 0;
            for (;; ++n) {
                INFO("codec " << static_cast<int>(codec) << ", call " << n);
                const auto source = std::make_shared<FailingSource>(bytes, n);
                const auto used = use_all(source, threads);
                CHECK_FALSE(source->was_out_of_bounds());
                if (!source->has_failed()) {
                    CHECK(used);
                    break;
                }
                REQUIRE_FALSE(used);
                CHECK(used.error().condition() == Condition::read);
                CHECK(used.error().message().find("the wire is cut") != std::string::npos);
                CHECK(use_all(source, threads));  // it fails once
            }
            CHECK(n > 15);
        }
    }
}

TEST_CASE("source: none") {
    const auto file = Reader::open(std::shared_ptr<const Source>());
    REQUIRE_FALSE(file);
    CHECK(file.error().condition() == Condition::option);
}

TEST_CASE("source: access is by reading") {
    const auto file = open_bytes(*save_bytes(small()), {.access = Access::mapped});
    REQUIRE(file);
    CHECK(file->access() == Access::read);
}

TEST_CASE("index checksum: that of the footer, and another one for other bytes of a tensor") {
    std::vector<std::byte> data(100);
    Checkpoint checkpoint;
    checkpoint.model("model")["a"] = TensorView(*find_dtype(Dtype::u8), {data.size()}, StorageView(data));
    const FileBytes bytes = *save_bytes(checkpoint);
    const Checksum128 digest = open_bytes(bytes)->index_checksum();
    CHECK(std::equal(digest.begin(), digest.end(), bytes.end() - 64 + 32));  // section 5
    data.back() = std::byte{1};
    CHECK(open_bytes(*save_bytes(checkpoint))->index_checksum() != digest);
}

TEST_CASE("source: never read out of its bounds, whatever the file contains") {
    for (const auto table : {file_layout_rows(), index_rows()}) {
        for (const FileRow& row : table) {
            INFO(row.name);
            const FileBytes bytes = row.make();
            const auto source = std::make_shared<FailingSource>(bytes, UINT64_MAX);
            (void)verdict_of(Reader::open(source), 1);
            CHECK_FALSE(source->was_out_of_bounds());
        }
    }
    for (const Row& row : all_rows()) {
        INFO(row.name);
        const FileBytes bytes = make_file(row);
        const auto source = std::make_shared<FailingSource>(bytes, UINT64_MAX);
        (void)verdict_of(Reader::open(source, {.limits = limits_of(row.limits)}), 1);
        CHECK_FALSE(source->was_out_of_bounds());
    }
}

TEST_CASE("changed: a file that shrinks while it is read says so") {
    const testing::ScratchFolder folder;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const FileBytes bytes = *save_bytes(many_chunks(), {.codec = codec});
        write_file(folder / "file", bytes);
        const auto file = Reader::open(folder / "file", {.access = Access::read});
        REQUIRE(file);
        std::filesystem::resize_file(folder / "file", 100);
        for (const TensorView& tensor : file->tensors()) {
            std::vector<std::byte> to(static_cast<std::size_t>(tensor.nbytes()));
            const auto copied = tensor.copy_to(to);
            REQUIRE_FALSE(copied);
            CHECK(copied.error().condition() == Condition::changed);
            CHECK(tensor.bytes().error().condition() == Condition::changed);
        }
        const auto report = verify(*file);
        REQUIRE_FALSE(report);
        CHECK(report.error().condition() == Condition::changed);
    }
}

TEST_CASE("changed: a file that is rewritten in place says so, and not that it is damaged") {
    const testing::ScratchFolder folder;
    const FileBytes bytes = *save_bytes(many_chunks());
    for (const Access access : {Access::mapped, Access::read}) {
        write_file(folder / "file", bytes);
        const auto file = Reader::open(folder / "file", {.access = access});
        REQUIRE(file);
        FileBytes other = bytes;
        for (std::size_t i = 4096; i < 10'000; ++i)
            other[i] ^= std::byte{1};
        other.push_back(std::byte{0});  // whatever the resolution of the clock
        write_file(folder / "file", other);
        CHECK(file->tensor("model", "ramp")->bytes().error().condition() == Condition::changed);
    }
}
