#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

/// Checkpoints in memory: what most tests write to and read from.
namespace milepost::testing {

using FileBytes = std::vector<std::byte>;

/// A Sink into memory, which can fail at a write.
class MemorySink final : public Sink {
public:
    /// The number of the write that fails, counted from 0; none by default.
    explicit MemorySink(std::uint64_t failing_write = UINT64_MAX) noexcept : failing_write_(failing_write) {}

    Result<void> write(std::span<const std::byte> bytes) override {
        if (writes_++ == failing_write_) return Error(Condition::write, "the sink is full");
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }
    Result<void> commit() override {
        ++commits_;
        return {};
    }

    [[nodiscard]] const FileBytes& bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::uint64_t writes() const noexcept { return writes_; }
    [[nodiscard]] int commits() const noexcept { return commits_; }

private:
    std::uint64_t failing_write_;
    std::uint64_t writes_ = 0;
    int commits_ = 0;
    FileBytes bytes_;
};

/// A Source over memory of its own. It is read within its bounds, or says io_error/read.
class MemorySource final : public Source {
public:
    explicit MemorySource(FileBytes bytes) noexcept : bytes_(std::move(bytes)) {}

    Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (offset > bytes_.size() || to.size() > bytes_.size() - offset) {
            return Error(Condition::read, "read past the end of the source");
        }
        if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
        return {};
    }

private:
    FileBytes bytes_;
};

/// The checkpoint as file bytes. Errors: those of save.
[[nodiscard]] inline Result<FileBytes> save_bytes(const Checkpoint& checkpoint,
                                                  const SaveOptions& options = {}) {
    MemorySink sink;
    if (auto saved = save(sink, checkpoint, options); !saved) return std::move(saved).error();
    return sink.bytes();
}

/// Opens file bytes. Errors: those of Reader::open.
[[nodiscard]] inline Result<Reader> open_bytes(FileBytes bytes, const OpenOptions& options = {}) {
    return Reader::open(std::make_shared<MemorySource>(std::move(bytes)), options);
}

}  // namespace milepost::testing
