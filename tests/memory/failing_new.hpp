#pragma once

#include <cstdint>

/// operator new of this program, which can be made to fail. Threads: any.
namespace milepost::testing {

/// From here on the n-th call, counted from 0, throws std::bad_alloc (with nothrow: returns null); if
/// `sticky`, all that follow too.
void fail_new_at(std::int64_t n, bool sticky) noexcept;
/// Back to normal. Returns whether a call failed.
bool stop_failing_new() noexcept;
/// Allocations that are not freed yet.
[[nodiscard]] std::int64_t live_allocations() noexcept;

}  // namespace milepost::testing
