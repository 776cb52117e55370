#pragma once

#include <string>

#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost::testing {

/// What a file answers that was opened, if it was, and is then verified by so many threads: "ok"; the error
/// of opening it, as "corrupt/name"; or all damage that verifying finds, as "verify corrupt/padding
/// corrupt/chunk_checksum".
[[nodiscard]] std::string verdict_of(const Result<Reader>& file, unsigned threads);

}  // namespace milepost::testing
