#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "arena.hpp"

namespace bench {

/// The tensors that all formats of scripts/bench-peers save: a folder with `tensors.bin`, their bytes one
/// after the other, and `tensors.tsv`, a line for each with name, dtype and sizes, separated by tabs and
/// commas.
class Dataset {
public:
    /// Reads one into memory.
    explicit Dataset(const std::filesystem::path& folder);

    /// A checkpoint with one model, "model". It borrows from this.
    [[nodiscard]] milepost::Checkpoint checkpoint() const;
    /// The bytes of all tensors.
    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return arena_.bytes(); }

private:
    struct Entry {
        std::string name;
        milepost::DtypeInfo dtype;
        milepost::Shape shape;
    };
    Arena arena_;
    std::vector<Entry> entries_;
};

/// Writes one of values of N(0, 0.02), as Model has them.
void write_synthetic(milepost::Dtype dtype, std::size_t nbytes, const std::filesystem::path& folder);

/// Writes one of all tensors of a checkpoint that have at least one element.
void write_tensors_of(const milepost::Reader& file, const std::filesystem::path& folder);

}  // namespace bench
