#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

namespace milepost::live {

/// A tensor of the file, and the live tensor that it is loaded into. Both outlive their users.
struct TensorPair {
    const TensorView* from;
    const TensorSpan* to;
};

/// Which live memory is loaded, and which tensors of the file: for tied tensors, of which one side has fewer
/// names than the other.
class LoadedTensors {
public:
    /// Throws std::bad_alloc.
    explicit LoadedTensors(std::span<const TensorPair> loaded);

    /// Whether all memory of the live tensor is that of one loaded tensor, or of a part of it. False for
    /// tensors without elements. Throws std::bad_alloc.
    [[nodiscard]] bool has_memory(const TensorSpan& live) const;

    /// Whether a loaded tensor of the file has the same bytes, because it is the same part of the same
    /// storage. Throws std::bad_alloc.
    [[nodiscard]] bool has_twin(const TensorView& in_file) const;

private:
    using Key = std::tuple<StorageView, std::uint64_t, Dtype, Shape, Strides>;

    using LiveKey = std::tuple<std::uintptr_t, Dtype, Shape, Strides>;  // address of the first element

    [[nodiscard]] static Key key_of(const TensorView& view);
    [[nodiscard]] static LiveKey key_of(const TensorSpan& live);

    /// Addresses of contiguous live tensors; each end is the largest up to there.
    std::vector<std::pair<std::uintptr_t, std::uintptr_t>> ranges_;
    std::set<LiveKey> live_strided_;
    std::set<Key> in_file_;
};

/// Checks that no byte of live memory would receive two different values. Where live tensors overlap, their
/// bytes are read and compared: of the same layout in blocks, of other layouts in a copy of their memory.
/// `failed` becomes the number of the pair that an error is about.
/// Requires: TensorSpan::check_layout of all. Errors: mismatch/unexpected; those of for_each_block. Throws
/// std::bad_alloc.
[[nodiscard]] Result<void> check_shared_memory(std::span<const TensorPair> pairs, std::size_t& failed);

}  // namespace milepost::live
