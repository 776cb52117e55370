#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "core/storage_provider.hpp"
#include "loading/arena_memory.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// All storages of a file in one block of memory, numbered as in the file. Views share ownership of it; it
/// refers to nothing of the file. Const members: any thread.
class MemoryStorages final : public detail::StorageProvider,
                             public std::enable_shared_from_this<MemoryStorages> {
public:
    /// Takes the memory for as long as this lives, or returns null if it is in use. Throws std::bad_alloc.
    [[nodiscard]] static std::shared_ptr<MemoryStorages> take(std::shared_ptr<detail::ArenaMemory> memory);
    MemoryStorages(const MemoryStorages&) = delete;
    MemoryStorages& operator=(const MemoryStorages&) = delete;
    ~MemoryStorages() override {
        if (is_taken_) memory_->give_back();
    }

    /// Makes room for the storages of the file. Requires: not called
    /// before. Errors: limit_exceeded/total_bytes. Throws std::bad_alloc.
    [[nodiscard]] Result<void> reserve(const OpenedIndex& opened, std::uint64_t max_total_bytes);
    /// The memory of a storage, to be filled.
    [[nodiscard]] std::span<std::byte> storage(std::uint32_t number) const noexcept;

    /// The tensor of a view of the file, as a view of this. Requires: reserve() was called for that file.
    /// Throws std::bad_alloc.
    [[nodiscard]] TensorView view(const TensorView& in_file);

    Result<std::span<const std::byte>> bytes(std::uint32_t number, std::uint64_t begin,
                                             std::uint64_t end) const override;
    Result<void> read(std::uint32_t number, std::uint64_t begin, std::span<std::byte> to) const override;
    Result<void> gather(std::uint32_t number, const detail::StridedLayout& layout,
                        std::span<std::byte> to) const override;
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }

private:
    explicit MemoryStorages(std::shared_ptr<detail::ArenaMemory> memory) noexcept
        : memory_(std::move(memory)) {}
    [[nodiscard]] DtypeInfo kept(const DtypeInfo& dtype);

    struct Place {
        std::uint64_t begin, nbytes;
    };

    std::shared_ptr<detail::ArenaMemory> memory_;
    bool is_taken_ = false;
    std::span<std::byte> bytes_;
    std::vector<Place> places_;            ///< of the storages, in bytes_
    std::deque<std::string> dtype_names_;  ///< of dtypes that the library does not know
};

}  // namespace milepost::loading
