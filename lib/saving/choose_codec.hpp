#pragma once

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"

namespace milepost::saving {

/// The codec for one storage: the one asked for, or, if automatic, zstd where a sample of the storage shrinks
/// by a tenth and more. A pure function of the bytes and the options. Errors: those of the storage's
/// provider. Throws std::bad_alloc.
[[nodiscard]] Result<const codec::CodecRow*> choose_codec(const StorageView& storage,
                                                          const SaveOptions& options);

}  // namespace milepost::saving
