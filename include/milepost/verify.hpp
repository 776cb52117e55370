#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/export.hpp>
#include <milepost/progress.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// One damaged range of a file.
struct Damage {
    /// What is wrong: a code of corrupt, or io_error if the range could not be read (io_error/read, or what
    /// the caller's Source answered). The message names the range and the first of its tensors.
    Error error;
    std::uint64_t begin;                        ///< bytes [begin, end) of the file: docs/format.md, section 9
    std::uint64_t end;                          ///< the byte after the range
    std::optional<std::uint32_t> storage = {};  ///< nothing outside of chunks
    std::optional<std::uint64_t> chunk = {};    ///< its number within the storage; nothing outside of chunks
    std::uint64_t tensor_count = 0;             ///< tensors that have bytes in it; 0 outside of chunks
    /// The numbers of the first VerifyOptions::max_tensors of them, by their first byte in the storage.
    /// Reader::tensor_path() makes the path of one.
    std::vector<std::uint32_t> tensors = {};
};

/// What verify() found. Counts are exact; what is listed is bounded by VerifyOptions, because a file of 1 MiB
/// can name billions of (damaged range, tensor) pairs.
struct VerifyReport {
    std::uint64_t chunks = 0;            ///< chunks that were checked
    std::uint64_t nbytes = 0;            ///< their raw bytes
    std::uint64_t damage_count = 0;      ///< damaged ranges, listed or not
    std::uint64_t unreadable_count = 0;  ///< of these: ranges that could not be read
    std::uint64_t damaged_tensors = 0;   ///< tensors that have bytes in a damaged chunk, each counted once
    std::vector<Damage> damage;  ///< the first VerifyOptions::max_damage ranges, in the order of the file
    /// False for a file of a newer minor revision, which has optional flags that this library does not know
    /// (Reader::unknown_optional_flags): its index may have columns that this library cannot encode.
    bool canonical_form_checked = true;
    /// Whether no damage was found.
    [[nodiscard]] bool ok() const noexcept { return damage_count == 0; }
};

/// How verify() works.
struct VerifyOptions {
    /// Number of threads. 0: as many as the machine has, at most 8.
    unsigned threads = 0;
    /// Damaged ranges that the report lists; about 500 bytes each.
    std::size_t max_damage = 1000;
    /// Tensors that it lists for each of them; 4 bytes each.
    std::size_t max_tensors = 100;
    /// Counts bytes of the file: the total is its size.
    ProgressCallback progress = {};
};

/// Checks every byte of an open file (docs/format.md, section 9). Continues after damage, and after bytes
/// that cannot be read: these are damage too, with the error of the read. Returns: a report that lists damage
/// in the order of the file. Errors: io_error/changed, /out_of_memory; invalid_argument/callback;
/// cancelled/by_caller. Damage is not an error. Cost: reads the file once; the memory of two chunks a thread,
/// of 4 bytes for each damaged chunk, and of the report. With damage, also that of a table of 32 bytes for
/// each tensor.
[[nodiscard]] MILEPOST_API Result<VerifyReport> verify(const Reader& reader,
                                                       const VerifyOptions& options = {});

}  // namespace milepost
