#include "memory_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

namespace milepost::python {
namespace {

class MemorySink final : public Sink {
public:
    explicit MemorySink(std::uint64_t max_nbytes) : max_nbytes_(max_nbytes) {}

    Result<void> reserve(std::uint64_t nbytes) override {
        if (nbytes > max_nbytes_) return too_large(nbytes);
        bytes_.reserve(static_cast<std::size_t>(nbytes));
        return {};
    }
    Result<void> write(std::span<const std::byte> bytes) override {
        if (bytes.size() > max_nbytes_ - bytes_.size()) return too_large(bytes_.size() + bytes.size());
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }
    Result<void> commit() override { return {}; }
    [[nodiscard]] std::vector<std::byte> take() { return std::move(bytes_); }

private:
    [[nodiscard]] Error too_large(std::uint64_t nbytes) const {
        return Error(Condition::total_bytes, "a copy in memory would take " + std::to_string(nbytes) +
                                                 " bytes, the limit is " + std::to_string(max_nbytes_));
    }

    std::uint64_t max_nbytes_;
    std::vector<std::byte> bytes_;
};

class MemorySource final : public Source {
public:
    explicit MemorySource(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    Result<std::uint64_t> size() const override { return bytes_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        const auto from = std::span(bytes_).subspan(static_cast<std::size_t>(offset), to.size());
        std::copy(from.begin(), from.end(), to.begin());
        return {};
    }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace

Result<Reader> copy_in_memory(const Checkpoint& checkpoint, const Limits& limits) {
    SaveOptions saving;
    saving.limits = limits;
    MemorySink sink(limits.max_total_bytes);
    MILEPOST_TRY(save(sink, checkpoint, saving));
    OpenOptions opening;
    opening.limits = limits;
    return Reader::open(std::make_shared<MemorySource>(sink.take()), opening);
}

}  // namespace milepost::python
