#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <milepost/reader.hpp>

namespace bench {

/// Opens a file, mapped.
[[nodiscard]] milepost::Reader open_mapped(const std::string& path);

/// Threads of a load, if nothing else is stated.
inline constexpr unsigned kLoadThreads = 2;

/// Loads all tensors into fresh memory, verified, and releases it.
void load_fresh(const milepost::Reader& file);

/// Loads all tensors of "model" into memory that is there, one after the other, verified. Requires: enough of
/// it.
void load_into_memory(const milepost::Reader& file, std::span<std::byte> to, unsigned threads = kLoadThreads);

}  // namespace bench
