#include "progress.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include <milepost/progress.hpp>
#include <milepost/text.hpp>

#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

constexpr std::chrono::milliseconds kPatience{1000};  // shorter work needs no progress line
constexpr std::chrono::milliseconds kPause{100};      // between two lines
constexpr std::size_t kMaxLabel = 40;                 // a line that wraps cannot be erased

void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

ProgressLine::ProgressLine(const std::string& file)
    : label_(milepost::escape(file, kMaxLabel)),
      next_(Clock::now() + kPatience),
      on_(takes_control_sequences(Stream::err)) {}

ProgressLine::~ProgressLine() {
    if (shown_) write("\r\x1b[K");
}

void ProgressLine::show(const Progress& progress) {
    if (!on_ || Clock::now() < next_) return;
    next_ = Clock::now() + kPause;
    shown_ = true;
    const std::uint64_t total = progress.total_nbytes;
    const double part =
        total == 0 ? 1.0 : static_cast<double>(progress.done_nbytes) / static_cast<double>(total);
    write(fmt::format("\r\x1b[K{}: {:.0f} % of {}", label_, 100 * std::min(part, 1.0), iec(total)));
}

}  // namespace milepost::cli
