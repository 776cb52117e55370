#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/tensor.hpp>

#include "arena.hpp"

namespace bench {

/// Fills memory with values of N(0, 0.02), as untrained weights of a transformer are; f32, or rounded to bf16
/// or f16. The values depend on the seed alone.
void fill_normal(milepost::Dtype dtype, std::span<std::byte> to, std::uint64_t seed);

/// A transformer's weights, one tensor after the other in one arena: matrices of 1024 x 1024 to 1024 x 4096,
/// and norms of 1024 values.
class Model {
public:
    /// As many layers as fit into `nbytes`, at least a part of one.
    Model(milepost::Dtype dtype, std::size_t nbytes, std::uint64_t seed);

    /// All tensors together.
    [[nodiscard]] std::size_t nbytes() const noexcept { return nbytes_; }
    /// Their memory.
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return arena_.bytes().first(nbytes_); }
    /// A checkpoint with one model, "model". It borrows from this.
    [[nodiscard]] milepost::Checkpoint checkpoint() const { return checkpoint_in(bytes()); }
    /// The same, with its tensors in a copy of the memory.
    [[nodiscard]] milepost::Checkpoint checkpoint_in(std::span<const std::byte> memory) const;

private:
    struct Entry {
        std::string name;
        milepost::Shape shape;
        std::size_t offset;
        std::size_t nbytes;
    };
    milepost::Dtype dtype_;
    Arena arena_;
    std::vector<Entry> entries_;
    std::size_t nbytes_ = 0;
};

}  // namespace bench
