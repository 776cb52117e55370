#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert::safetensors {

/// The size of the header comes before it; the data after it.
inline constexpr std::uint64_t kSizeNbytes = 8;
/// No reader takes a larger header.
inline constexpr std::uint64_t kMaxHeaderNbytes = 100'000'000;
inline constexpr std::string_view kMetadataKey = "__metadata__";

/// A tensor as a header describes it.
struct HeaderTensor {
    std::string name;
    DtypeInfo dtype;
    Shape shape;
    std::uint64_t begin;  ///< of its bytes in the data
    std::uint64_t end;
};

/// The content of a header.
struct Header {
    std::vector<HeaderTensor> tensors;  ///< by their places in the data; then in the order of the header
    std::optional<std::vector<std::pair<std::string, std::string>>> metadata;  ///< in the order of the header
};

/// Decodes a header, and checks it against the size of the data that follows it.
///
/// Errors: corrupt/foreign if it is not JSON of this form, has a key twice, or its tensors do not fill the
/// data without a hole or an overlap; truncated/cut if they need more data; unsupported/dtype;
/// unsupported/feature for other keys of a tensor, whose meaning is not known; limit_exceeded/records, /rank,
/// /name_bytes, /decoded_bytes. Throws std::bad_alloc.
[[nodiscard]] Result<Header> parse_header(std::string_view json, std::uint64_t data_nbytes,
                                          const Limits& limits);

}  // namespace milepost::convert::safetensors
