#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <milepost/export.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// One damaged range of a file.
struct Damage {
    Error error;  ///< what is wrong
    std::vector<std::string>
        tensors;  ///< paths of the tensors whose bytes it holds; empty outside of storages
    std::optional<std::uint32_t> storage;  ///< number of the damaged storage
    std::optional<std::uint64_t> chunk;    ///< within the storage
    std::uint64_t begin;                   ///< bytes [begin, end) of the file
    std::uint64_t end;                     ///< the byte after the range
};

/// What verify() found.
struct VerifyReport {
    std::uint64_t chunks = 0;    ///< checked
    std::uint64_t nbytes = 0;    ///< raw bytes of them
    std::vector<Damage> damage;  ///< in the order of the file
    /// Whether the file is whole.
    [[nodiscard]] bool ok() const noexcept { return damage.empty(); }
};

/// How verify() works.
struct VerifyOptions {
    /// 0: as many as the machine has, at most 8.
    unsigned threads = 0;
    /// Called now and then with the bytes checked so far and the file's size, from any of the threads, one at
    /// a time.
    std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};
};

/// Checks every byte of an open file (docs/format.md, section 9) and goes on after damage.
/// Errors: io_error/read, /out_of_memory; damage is no error but in the report, in the order of the file.
[[nodiscard]] MILEPOST_API Result<VerifyReport> verify(const Reader& reader,
                                                       const VerifyOptions& options = {});

}  // namespace milepost
