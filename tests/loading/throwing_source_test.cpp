#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"

// Functions of the caller that throw while a file is read: typed errors, and the next try succeeds.
namespace {

using namespace milepost;
using namespace milepost::testing;

enum class Thrown { bad_alloc, exception, number };

[[noreturn]] void throw_it(Thrown thrown) {
    if (thrown == Thrown::bad_alloc) throw std::bad_alloc();
    if (thrown == Thrown::exception) throw std::runtime_error("the wire is cut");
    throw 7;
}

Condition expected(Thrown thrown, Condition other) {
    return thrown == Thrown::bad_alloc ? Condition::out_of_memory : other;
}

/// Throws at its n-th call, of size() or read().
class ThrowingSource final : public Source {
public:
    explicit ThrowingSource(FileBytes bytes) : bytes_(std::move(bytes)) {}

    Result<std::uint64_t> size() const override {
        step();
        return std::uint64_t{bytes_.size()};
    }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        step();
        if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return {};
    }

    void throw_at(Thrown thrown, std::int64_t call) {
        thrown_ = thrown;
        left_ = call;
    }
    [[nodiscard]] bool has_thrown() const { return left_ < 0; }

private:
    void step() const {
        if (left_-- == 0) throw_it(thrown_);
    }
    FileBytes bytes_;
    Thrown thrown_ = Thrown::number;
    mutable std::atomic<std::int64_t> left_{INT64_MAX};
};

const Thrown kThrown[] = {Thrown::bad_alloc, Thrown::exception, Thrown::number};

/// Runs `call` with a Source that throws at each call until none is reached.
template <class Call>
void check_each_throw(ThrowingSource& source, Call call) {
    for (const Thrown thrown : kThrown) {
        for (std::int64_t n = 0;; ++n) {
            INFO("thrown " << static_cast<int>(thrown) << ", call " << n);
            source.throw_at(thrown, n);
            const auto result = call();
            const bool has_thrown = source.has_thrown();
            source.throw_at(thrown, INT64_MAX);
            if (!has_thrown) {
                CHECK(result);
                CHECK(n > 0);
                break;
            }
            REQUIRE_FALSE(result);
            CHECK(result.error().condition() == expected(thrown, Condition::read));
            if (thrown == Thrown::exception)
                CHECK(result.error().message().find("the source threw an exception: the wire is cut") !=
                      std::string::npos);
            CHECK(call());  // nothing is left of the failure
        }
    }
}

/// An open file; a warning, about copy A of the index, counts as an error.
Result<Reader> open_cleanly(const std::shared_ptr<const Source>& source, const OpenOptions& options) {
    auto file = Reader::open(source, options);
    if (file && !file->warnings().empty()) return file->warnings().front();
    return file;
}

}  // namespace

TEST_CASE("throwing source: opening") {
    const auto source = std::make_shared<ThrowingSource>(*save_bytes(many_chunks()));
    check_each_throw(*source, [&] { return open_cleanly(source, {}); });
    check_each_throw(*source, [&] { return open_cleanly(source, {.check = Check::at_open, .threads = 3}); });
}

TEST_CASE("throwing source: bytes, copies, verify, load_into and save; the budget is not charged") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const auto source = std::make_shared<ThrowingSource>(*save_bytes(many_chunks(), {.codec = codec}));
        std::vector<std::byte> to;
        check_each_throw(*source, [&]() -> Result<void> {
            // Each file anew: bytes() keeps what it has read.
            const auto file = open_cleanly(source, {.threads = 3, .limits = {.max_total_bytes = 2'200'000}});
            if (!file) return file.error();
            const auto ramp = file->tensor("model", "ramp");
            if (auto bytes = ramp->bytes(); !bytes) {
                CHECK(ramp->bytes());  // what failed is not counted against the limit
                return bytes.error();
            }
            to.resize(static_cast<std::size_t>(ramp->nbytes()));
            if (auto copied = ramp->copy_to(to); !copied) return copied;
            const auto report = verify(*file, {.threads = 3});
            if (!report) return report.error();
            if (!report->ok()) return report->damage.front().error;
            MemorySink sink;
            const auto checkpoint = file->checkpoint();
            if (!checkpoint) return checkpoint.error();
            return save(sink, *checkpoint, {.threads = 3});
        });
    }
}

TEST_CASE("throwing: the progress function of verify ends it") {
    const auto file = open_bytes(*save_bytes(many_chunks()));
    REQUIRE(file);
    for (const Thrown thrown : kThrown) {
        for (const unsigned threads : {1U, 3U}) {
            std::atomic<int> calls = 0;
            const auto report = verify(*file, {.threads = threads, .progress = [&](const Progress&) -> bool {
                                                   ++calls;
                                                   throw_it(thrown);
                                                   return true;
                                               }});
            REQUIRE_FALSE(report);
            CHECK(report.error().condition() == expected(thrown, Condition::callback));
            CHECK(calls >= 1);
        }
    }
    CHECK(verify(*file)->ok());
}
