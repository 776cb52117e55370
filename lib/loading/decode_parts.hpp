#pragma once

#include <cstdint>

#include <milepost/checkpoint.hpp>
#include <milepost/reader.hpp>
#include <milepost/value.hpp>

#include "loading/reader_impl.hpp"

namespace milepost::loading {

// Parts of an open file as plain data; tensors are views, which borrow from the Reader. All throw
// std::bad_alloc. Requires: numbers of parts that the file has.

[[nodiscard]] Value decode_value(const Reader::Impl& impl, std::uint32_t value);
[[nodiscard]] StateDict decode_model(const Reader::Impl& impl, std::uint32_t model);
[[nodiscard]] OptimizerState decode_optimizer(const Reader::Impl& impl, std::uint32_t optimizer);
[[nodiscard]] Checkpoint decode_checkpoint(const Reader::Impl& impl);

}  // namespace milepost::loading
