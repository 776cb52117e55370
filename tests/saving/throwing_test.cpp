#include <doctest/doctest.h>

#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// Sinks that throw, and a machine without threads: typed errors, and the state of any other error.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// 18 MiB: several writes of a Sink, and several threads.
Checkpoint noise_of_18_mib() {
    static const std::vector<std::byte> noise = make_bytes(std::size_t{18} << 20U, 11);
    return one_value(TensorView(*find_dtype(Dtype::u8), {noise.size()}, StorageView(noise)));
}

enum class Thrown { bad_alloc, exception, number };

[[noreturn]] void throw_it(Thrown thrown) {
    if (thrown == Thrown::bad_alloc) throw std::bad_alloc();
    if (thrown == Thrown::exception) throw std::runtime_error("the wire\nis cut");
    throw 7;
}

/// Throws at its n-th call, of any function.
class ThrowingSink final : public Sink {
public:
    ThrowingSink(Thrown thrown, std::uint64_t call) noexcept : thrown_(thrown), throwing_call_(call) {}
    Result<void> reserve(std::uint64_t) override { return next(); }
    Result<void> write(std::span<const std::byte>) override { return next(); }
    Result<void> commit() override { return next(); }
    [[nodiscard]] bool has_thrown() const noexcept { return calls_ > throwing_call_; }
    [[nodiscard]] bool was_called_again() const noexcept { return calls_ > throwing_call_ + 1; }

private:
    Result<void> next() {
        if (calls_++ == throwing_call_) throw_it(thrown_);
        return {};
    }
    Thrown thrown_;
    std::uint64_t throwing_call_;
    std::uint64_t calls_ = 0;
};

void check_error(const Error& error, Thrown thrown) {
    const std::string text = error.to_string();
    if (thrown == Thrown::bad_alloc) CHECK(text == "io_error/out_of_memory: out of memory");
    if (thrown == Thrown::exception)
        CHECK(text == "io_error/write: the sink threw an exception: the wire\\u{a}is cut");
    if (thrown == Thrown::number)
        CHECK(text == "io_error/write: the sink threw something that is not a std::exception");
}

}  // namespace

TEST_CASE("throwing: a sink that throws at any call ends the save with an error") {
    for (const Thrown thrown : {Thrown::bad_alloc, Thrown::exception, Thrown::number}) {
        for (const unsigned threads : {1U, 4U}) {
            for (const Codec codec : {Codec::raw, Codec::zstd}) {
                for (std::uint64_t n = 0;; ++n) {
                    INFO("call " << n << ", threads " << threads);
                    ThrowingSink sink(thrown, n);
                    auto writer = Writer::create(sink, {.codec = codec, .threads = threads});
                    REQUIRE(writer);
                    const auto committed = writer->commit(noise_of_18_mib());
                    if (!sink.has_thrown()) {
                        CHECK(committed);
                        CHECK(n > 5);
                        break;
                    }
                    REQUIRE_FALSE(committed);
                    check_error(committed.error(), thrown);
                    CHECK_FALSE(sink.was_called_again());
                    const auto again = writer->commit({});
                    REQUIRE_FALSE(again);
                    check_error(again.error(), thrown);
                    CHECK_FALSE(sink.was_called_again());
                }
            }
        }
    }
}

TEST_CASE("throwing: a sink that throws at a streamed tensor") {
    for (const Thrown thrown : {Thrown::bad_alloc, Thrown::exception, Thrown::number}) {
        ThrowingSink sink(thrown, 0);
        auto writer = Writer::create(sink, {.threads = 2});
        const std::vector<std::byte> bytes(std::size_t{8} << 20U);
        REQUIRE(writer->begin_tensor(Dtype::u8, {8 * bytes.size()}));
        Result<void> appended;
        for (int i = 0; i < 8 && appended; ++i)
            appended = writer->append(bytes);
        REQUIRE_FALSE(appended);
        check_error(appended.error(), thrown);
    }
}

TEST_CASE("throwing: a machine that provides no thread saves with one") {
    const FileBytes expected = *save_bytes(noise_of_18_mib());
    const int ended = in_child([&]() -> int {
        if (::geteuid() == 0 && ::setuid(65534) != 0) return 10;
        const rlimit none{0, 0};
        if (::setrlimit(RLIMIT_NPROC, &none) != 0) return 11;
        const auto saved = save_bytes(noise_of_18_mib(), {.threads = 4});
        if (!saved) return 1;
        const auto file = open_bytes(*saved, {.threads = 4});
        if (!file || !verify(*file, {.threads = 4})) return 2;
        return *saved == expected ? 0 : 3;
    });
    CHECK(ended == 0);
}
