#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace bench {

// What the machine can do, without the library: what cases are compared with. The names are those of
// docs/performance.md.

/// M1, M2: memcpy by that many threads. Requires: equal sizes.
void copy_memory(std::span<std::byte> to, std::span<const std::byte> from, std::size_t threads);

/// X(T): XXH3-128 of each MiB, by T threads.
void hash_memory(std::span<const std::byte> bytes, std::size_t threads);

/// NAIVE: the file in pieces of 1 MiB into fresh memory with pages of 4 KiB, as malloc gives it, which is
/// released at the end.
void read_naively(const std::string& path);

/// A new file in pieces of 1 MiB through the page cache. Durable: BF, which ends with an fsync.
void write_buffered(const std::string& path, std::span<const std::byte> bytes, bool durable);

/// OW: a new file, allocated first, with O_DIRECT, four pieces of 4 MiB in flight, and an fsync. Requires:
/// memory that is aligned to 4 KiB. The size is rounded down to 4 KiB.
void write_direct(const std::string& path, std::span<const std::byte> bytes);

/// OR: the beginning of a file with O_DIRECT, eight pieces of 4 MiB in flight. Requires: as write_direct.
void read_direct(const std::string& path, std::span<std::byte> to);

}  // namespace bench
