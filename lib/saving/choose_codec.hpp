#pragma once

#include <cstdint>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "codec/codec.hpp"
#include "saving/new_storage.hpp"

namespace milepost::saving {

/// Returns the codec for one storage: the one of the options, or what a sample of the storage chooses.
///
/// - Codec::planes: planes for floats, else as automatic.
/// - Codec::automatic: the smaller of planes, for floats, and zstd; planes if zstd is at most 3 % smaller,
///   since it decodes faster. Raw, which can be mapped, unless planes gains 5 % or zstd 10 %.
/// - Codec::smallest: the smallest of planes, for floats, and zstd; raw unless it gains 1 %.
///
/// The result depends on the bytes, the dtype and the options only. Errors: those of the storage's provider.
/// Throws std::bad_alloc.
[[nodiscard]] Result<codec::CodecChoice> choose_codec(const NewStorage& storage, const SaveOptions& options);

/// How chunks are encoded, with this parameter of their codec.
[[nodiscard]] codec::EncoderOptions encoder_options(const SaveOptions& options,
                                                    std::uint8_t parameter = 0) noexcept;

}  // namespace milepost::saving
