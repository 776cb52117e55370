#include "assertions.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/checked.hpp"
#include "core/text.hpp"

namespace milepost::fuzz {
namespace {

/// Longest message: two names of 120 bytes, two digests, and the words around them.
constexpr std::size_t kMaxMessage = 1000;

}  // namespace

void require(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

void check_error(const Error& error) {
    const std::string& message = error.message();
    const bool sound = error.code() == code_of(error.condition()) && !name(error.code()).empty() &&
                       !name(error.condition()).empty() && !message.empty() &&
                       message.size() <= kMaxMessage && core::is_utf8(message) && !core::has_control(message);
    if (!sound) std::fprintf(stderr, "message: %s\n", error.to_string().c_str());
    require(sound, "an error has its condition's code and a short, printable message");
}

Limits tight_limits() noexcept {
    return {.max_index_bytes = 2048,
            .max_tables = 3,
            .max_records = 24,
            .max_rank = 3,
            .max_name_bytes = 12,
            .max_depth = 3,
            .max_total_bytes = 4096};
}

Limits default_limits() noexcept {
    return {.max_total_bytes = std::uint64_t{8} << 20U};
}

Result<void> MemorySource::read(std::uint64_t offset, std::span<std::byte> to) const {
    require(base::range_within(offset, to.size(), bytes_.size()), "reads stay within the source");
    if (!to.empty()) std::memcpy(to.data(), bytes_.data() + offset, to.size());
    return {};
}

Result<void> MemorySink::write(std::span<const std::byte> bytes) {
    require(!committed_, "nothing is written after the commit");
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return {};
}

Result<void> MemorySink::commit() {
    require(!committed_, "a sink is committed once");
    committed_ = true;
    return {};
}

}  // namespace milepost::fuzz
