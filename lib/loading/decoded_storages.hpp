#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <utility>

#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "loading/chunk_reader.hpp"

namespace milepost::loading {

/// Copies of storages whose bytes cannot be used in place: compressed ones, and all of a file that is not
/// mapped. They are kept, because views of them must stay valid. Any thread.
class DecodedStorages {
public:
    /// `source` must outlive this. `max_total_bytes`: of all copies.
    DecodedStorages(const ChunkSource& source, std::uint64_t max_total_bytes)
        : source_(source), max_total_bytes_(max_total_bytes) {}

    /// The bytes [begin, end) of the storage, all of which is read once, by `fill(span)`, which returns a
    /// Result<void>. Errors: those of `fill`; limit_exceeded/total_bytes. Throws std::bad_alloc.
    template <class Fill>
    [[nodiscard]] Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                                           std::uint64_t end, Fill fill) const {
        Copy& copy = copy_of(storage);
        const std::lock_guard reading(copy.mutex);
        if (copy.bytes.empty()) {
            MILEPOST_TRY_ASSIGN(auto reserved, reserve(storage));
            base::AlignedBuffer bytes(static_cast<std::size_t>(reserved.nbytes()));
            MILEPOST_TRY(fill(bytes.bytes()));
            copy.bytes = std::move(bytes);
            reserved.keep();
        }
        return std::span<const std::byte>(copy.bytes.bytes())
            .subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
    }

private:
    struct Copy {
        std::mutex mutex;
        base::AlignedBuffer bytes;
    };
    /// Memory that is counted against the limit; until keep() it is given back in the end.
    class Reserved {
    public:
        Reserved(const DecodedStorages& storages, std::uint64_t nbytes) noexcept
            : storages_(&storages), nbytes_(nbytes) {}
        Reserved(Reserved&& other) noexcept
            : storages_(std::exchange(other.storages_, nullptr)), nbytes_(other.nbytes_) {}
        Reserved& operator=(Reserved&&) = delete;
        ~Reserved() {
            if (storages_ != nullptr) storages_->give_back(nbytes_);
        }

        [[nodiscard]] std::uint64_t nbytes() const noexcept { return nbytes_; }
        void keep() noexcept { storages_ = nullptr; }

    private:
        const DecodedStorages* storages_;
        std::uint64_t nbytes_;
    };

    Copy& copy_of(std::uint32_t storage) const;
    [[nodiscard]] Result<Reserved> reserve(std::uint32_t storage) const;
    void give_back(std::uint64_t nbytes) const noexcept;

    const ChunkSource& source_;
    std::uint64_t max_total_bytes_;
    mutable std::mutex copies_mutex_;
    mutable std::map<std::uint32_t, Copy> copies_;
    mutable std::uint64_t copied_nbytes_ = 0;
};

}  // namespace milepost::loading
