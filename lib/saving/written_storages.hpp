#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "core/storage_provider.hpp"
#include "saving/kept_dtypes.hpp"

namespace milepost::saving {

/// What the placeholders of one Writer view: storages whose bytes are in the file already. Placeholders share
/// ownership of it, so that those of a Writer that is gone are never taken for those of another one.
class WrittenStorages final : public detail::StorageProvider {
public:
    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t,
                                             std::uint64_t) const override {
        return written_already(storage);
    }
    Result<void> read(std::uint32_t storage, std::uint64_t, std::span<std::byte>) const override {
        return written_already(storage);
    }
    Result<void> gather(std::uint32_t storage, const detail::StridedLayout&,
                        std::span<std::byte>) const override {
        return written_already(storage);
    }
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }

    /// Those of the placeholders, whose names must live as long as this: the Reader that an unknown dtype
    /// came from may be closed before the commit.
    KeptDtypes dtypes;

private:
    static Error written_already(std::uint32_t storage) {
        return Error(Condition::layout,
                     base::message("storage ", storage, " was written; its bytes are in the file"));
    }
};

}  // namespace milepost::saving
