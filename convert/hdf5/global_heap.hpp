#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>

#include <milepost/result.hpp>

#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {

/// The collections of texts of varying size. Each is read once, when it is first needed, and kept.
class GlobalHeaps {
public:
    explicit GlobalHeaps(File& file) noexcept : file_(file) {}

    /// An object of a collection; valid as long as the heaps. Errors: those of File::read; corrupt/foreign.
    /// Throws std::bad_alloc.
    [[nodiscard]] Result<std::span<const std::byte>> object(std::uint64_t collection, std::uint64_t number);

private:
    struct Collection {
        FileBlock block;
        std::map<std::uint64_t, std::span<const std::byte>> objects;
    };
    Result<Collection> read(std::uint64_t address);

    File& file_;
    std::map<std::uint64_t, Collection> collections_;
};

}  // namespace milepost::convert::hdf5
