#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

/// What all fuzz targets assert, and the memory that they open and save.
namespace milepost::fuzz {

/// Ends the process and prints what does not hold: a finding, for libFuzzer and for a replay. In every build.
void require(bool holds, std::string_view what);

/// Whatever the input: the code is that of the condition, the message is there, UTF-8, without control
/// characters, and short.
void check_error(const Error& error);

/// Ends the process unless both failed in the same way or both succeeded. Checks the errors.
template <class A, class B>
void check_same_outcome(const Result<A>& a, const Result<B>& b, std::string_view what) {
    require(a.has_value() == b.has_value(), what);
    if (a) return;
    check_error(a.error());
    require(a.error().condition() == b.error().condition() && a.error().message() == b.error().message(),
            what);
}

/// Whether the inputs are new ones, rather than the corpus as a test.
[[nodiscard]] bool in_campaign() noexcept;

/// Limits that many small files exceed. What passes them passes the defaults.
[[nodiscard]] Limits tight_limits() noexcept;

/// The defaults, but that copies of more than a few MiB are refused.
[[nodiscard]] Limits default_limits() noexcept;

/// Bytes as a Source; borrows them. It refuses to be read beyond its end, which the library must never try.
class MemorySource final : public Source {
public:
    explicit MemorySource(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;

private:
    std::span<const std::byte> bytes_;
};

/// Keeps what a save writes.
class MemorySink final : public Sink {
public:
    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes) override;
    [[nodiscard]] Result<void> commit() override;

    [[nodiscard]] const std::vector<std::byte>& bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool committed() const noexcept { return committed_; }

private:
    std::vector<std::byte> bytes_;
    bool committed_ = false;
};

/// Counts the memory that `operator new` gives to this process, so that a target can bound what a hostile
/// file takes.
class MemoryWatch {
public:
    MemoryWatch() noexcept;
    /// The most bytes that were in use at one time, beyond those at the start.
    [[nodiscard]] std::uint64_t peak() const noexcept;

private:
    std::uint64_t before_;
};

/// While it exists, one allocation of this thread fails, after `allocations` that succeed; none does if that
/// is negative.
class FailingAllocation {
public:
    explicit FailingAllocation(std::int64_t allocations) noexcept;
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;
    ~FailingAllocation();
};

}  // namespace milepost::fuzz
