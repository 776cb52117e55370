#pragma once

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"

namespace milepost::saving {

/// Returns the codec for one storage: the one of the options or, for Codec::automatic, zstd if it shrinks a
/// sample of the storage by a tenth or more, else raw. The result depends on the bytes and the options only.
/// Errors: those of the storage's provider. Throws std::bad_alloc.
[[nodiscard]] Result<const codec::CodecRow*> choose_codec(const StorageView& storage,
                                                          const SaveOptions& options);

}  // namespace milepost::saving
