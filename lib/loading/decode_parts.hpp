#pragma once

#include <cstdint>
#include <functional>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "loading/reader_impl.hpp"

namespace milepost::loading {

// Parts of an open file as plain data; tensors are views, which borrow from the Reader. Errors of all of
// them: limit_exceeded/decoded_bytes. All throw std::bad_alloc. Requires: numbers of parts that the file has.

[[nodiscard]] Result<Value> decode_value(const Reader::Impl& impl, std::uint32_t value);
[[nodiscard]] Result<StateDict> decode_model(const Reader::Impl& impl, std::uint32_t model);
[[nodiscard]] Result<OptimizerState> decode_optimizer(const Reader::Impl& impl, std::uint32_t optimizer);
[[nodiscard]] Result<Checkpoint> decode_checkpoint(const Reader::Impl& impl);
/// Each tensor is what `replace` makes of its view, and may throw.
[[nodiscard]] Result<Checkpoint> decode_checkpoint(
    const Reader::Impl& impl, const std::function<TensorView(const TensorView& view)>& replace);

}  // namespace milepost::loading
