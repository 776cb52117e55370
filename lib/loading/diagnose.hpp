#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/io.hpp>

#include "format/file_layout.hpp"

/// Finds out why a file is not a checkpoint, so that the error names the right remedy: docs/format.md,
/// section 7. Called only when opening fails.
namespace milepost::loading {

/// Returns what a file that begins with these bytes probably is, such as "a zip archive (PyTorch's .pt, or
/// .npz)", or "" if unknown. 512 bytes are enough for all that it knows.
[[nodiscard]] std::string_view looks_like(std::span<const std::byte> begin) noexcept;

/// For a file of fewer than 64 bytes. Errors only: truncated/empty, /short; not_a_checkpoint/zero_header,
/// /magic.
[[nodiscard]] Error diagnose_short(std::span<const std::byte> file);

/// For a file of at least 64 bytes that does not begin with the magic. Errors only.
[[nodiscard]] Error diagnose_header(const Source& source, std::uint64_t file_size,
                                    const format::HeaderBytes& header);

/// For a file with a good header whose last 64 bytes are not a footer. Errors only.
[[nodiscard]] Error diagnose_footer(const Source& source, std::uint64_t file_size,
                                    const format::HeaderBytes& header, const format::FooterBytes& last);

}  // namespace milepost::loading
