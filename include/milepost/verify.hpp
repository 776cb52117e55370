#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/export.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// One damaged range of a file.
struct Damage {
    Error error;  ///< what is wrong
    /// Paths of the tensors whose bytes it holds; empty outside of chunks.
    std::vector<std::string> tensors;
    std::optional<std::uint32_t> storage;  ///< nothing outside of chunks
    std::optional<std::uint64_t> chunk;    ///< its number within the storage; nothing outside of chunks
    std::uint64_t begin;                   ///< bytes [begin, end) of the file: docs/format.md, section 9
    std::uint64_t end;                     ///< the byte after the range
};

/// What verify() found.
struct VerifyReport {
    std::uint64_t chunks = 0;    ///< chunks that were checked
    std::uint64_t nbytes = 0;    ///< their raw bytes
    std::vector<Damage> damage;  ///< in the order of the file
    /// False for a file of a newer minor revision, which has optional flags that this library does not know
    /// (Reader::unknown_optional_flags): its index may have columns that this library cannot encode.
    bool canonical_form_checked = true;
    /// Whether no damage was found.
    [[nodiscard]] bool ok() const noexcept { return damage.empty(); }
};

/// How verify() works.
struct VerifyOptions {
    /// Number of threads. 0: as many as the machine has, at most 8.
    unsigned threads = 0;
    /// Called from time to time with the raw bytes checked so far and the size of the file, from any of the
    /// threads, by one at a time. What it throws ends verify() with invalid_argument/callback.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// Checks every byte of an open file (docs/format.md, section 9) and continues after damage.
/// Returns: a report that lists all damage in the order of the file.
/// Errors: io_error/read, /changed, /out_of_memory; invalid_argument/callback. Damage is not an error.
[[nodiscard]] MILEPOST_API Result<VerifyReport> verify(const Reader& reader,
                                                       const VerifyOptions& options = {});

}  // namespace milepost
