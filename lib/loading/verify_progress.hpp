#pragma once

#include <cstdint>

#include <milepost/verify.hpp>

namespace milepost::loading {

/// Tells the caller of verify() how much of the file is checked. One thread at a time.
class VerifyProgress {
public:
    /// The options are borrowed. Opening has checked the header.
    VerifyProgress(const VerifyOptions& options, std::uint64_t header_nbytes, std::uint64_t file_size)
        : options_(options), done_(header_nbytes), total_(file_size) {}

    /// Bytes of the file that were checked. The caller is told after each kStep of them, and at the end.
    void add(std::uint64_t nbytes) {
        done_ += nbytes;
        if (!options_.progress || (done_ - told_ < kStep && done_ < total_) || told_ == total_) return;
        told_ = done_;
        options_.progress(done_, total_);
    }

private:
    static constexpr std::uint64_t kStep = std::uint64_t{1} << 20U;

    const VerifyOptions& options_;
    std::uint64_t done_;
    std::uint64_t total_;
    std::uint64_t told_ = 0;
};

}  // namespace milepost::loading
