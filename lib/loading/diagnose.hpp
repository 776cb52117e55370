#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "format/file_layout.hpp"

/// Why a file is no checkpoint, so that the remedy is right: docs/format.md, section 7. Only on the failing
/// path.
namespace milepost::loading {

/// What a file is that begins with these bytes: "a zip archive (a .pt file?)"; "" if unknown.
[[nodiscard]] std::string_view looks_like(std::span<const std::byte> begin) noexcept;

/// For a file of fewer than 64 bytes. Errors only: truncated/empty, /short; not_a_checkpoint/zero_header,
/// /magic.
[[nodiscard]] Error diagnose_short(std::span<const std::byte> file);

/// For a file of at least 64 bytes whose header has another magic. Errors only.
[[nodiscard]] Error diagnose_header(const Source& source, std::uint64_t file_size,
                                    const format::HeaderBytes& header);

/// For a file with a good header whose last 64 bytes are no footer. Errors only.
[[nodiscard]] Error diagnose_footer(const Source& source, std::uint64_t file_size,
                                    const format::HeaderBytes& header, const format::FooterBytes& last);

}  // namespace milepost::loading
