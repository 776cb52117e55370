#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>
#include <milepost/stable_vector.hpp>

/// Contents for golden files and tests. Their tensors view memory that lives as long as the program.
namespace milepost::testing {

/// An int of any width: `low` and then `high`, two's complement.
[[nodiscard]] Integer wide_integer(std::uint64_t low, std::uint64_t high);
[[nodiscard]] double double_of(std::uint64_t bits);
[[nodiscard]] Dict dict_of(StableVector<std::pair<Value, Value>> items,
                           DictSubtype subtype = DictSubtype::dict);

/// 24 bytes: 0.0 to 5.0 as f32.
[[nodiscard]] std::span<const float> six_floats();
/// Bytes that compress well (`kind` 0: a slow ramp) or not at all (else: a generator seeded with it).
[[nodiscard]] std::vector<std::byte> make_bytes(std::size_t nbytes, std::uint32_t kind);

// Whole checkpoints.
[[nodiscard]] Checkpoint every_value();
[[nodiscard]] Checkpoint every_dtype();
[[nodiscard]] Checkpoint every_shape();
[[nodiscard]] Checkpoint odd_names();
[[nodiscard]] Checkpoint several_models();
[[nodiscard]] Checkpoint several_optimizers();
/// An optimizer whose parameters are keyed by names, as torch.distributed.checkpoint has them, between two
/// whose parameters are keyed by their index.
[[nodiscard]] Checkpoint named_params();
/// Storages of one chunk, and of several; the last one does not compress.
[[nodiscard]] Checkpoint many_chunks();
/// Tensors of floats, each kind of word that the codec planes knows, whose exponents are those of weights;
/// one has more than 65,536 words. And one of integers.
[[nodiscard]] Checkpoint float_words();
[[nodiscard]] Checkpoint two_chunks();
/// Tensors of one storage each, both raw: all columns of section 6.1 that may be empty are.
[[nodiscard]] Checkpoint two_storages();
/// Three tensors of one storage and one layout, at its beginning.
[[nodiscard]] Checkpoint tied();
/// Two tensors of a storage each, neither at its beginning.
[[nodiscard]] Checkpoint sliced();
/// Two storages, each with two tensors, not all at its beginning.
[[nodiscard]] Checkpoint every_column();
/// Layouts that share their dtype, their dims or the numbers that these and their strides are; some again.
[[nodiscard]] Checkpoint like_layouts();
[[nodiscard]] Checkpoint unknown_dtype();
/// Blocks of ggml's type q6_K, of 210 bytes: in order, in columns, and a part of them.
[[nodiscard]] Checkpoint ggml_blocks();
/// Something in every column, small: a model, an optimizer, values, two storages of which one compresses.
[[nodiscard]] Checkpoint small();
/// The one that docs/format.md, section 14.2, shows byte by byte.
[[nodiscard]] Checkpoint example();
/// A top-level value `v`.
/// Of dtype u8. Borrows them.
[[nodiscard]] TensorView bytes_tensor(std::span<const std::byte> bytes);
[[nodiscard]] Checkpoint one_value(Value value);
/// A list in a list, and so on: a value of that depth.
[[nodiscard]] Checkpoint nested_value(unsigned depth);
/// A model `m` with null entries of these names.
[[nodiscard]] Checkpoint null_entries(std::initializer_list<std::string_view> names);

}  // namespace milepost::testing
