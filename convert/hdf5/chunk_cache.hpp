#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <milepost/result.hpp>

namespace milepost::convert::hdf5 {

/// The decoded chunks of a file that were used last. Those that are kept and those that are being decoded
/// have, with what each takes besides, no more bytes than its room; a thread that would exceed it waits.
/// Threads: any.
class ChunkCache {
public:
    using Bytes = std::shared_ptr<const std::vector<std::byte>>;
    using Decode = std::function<Result<std::vector<std::byte>>()>;

    /// What a chunk takes beside its bytes.
    static constexpr std::uint64_t kEntryNbytes = 256;

    /// Makes the room at least as large; before the first chunk is read.
    void reserve(std::uint64_t nbytes) noexcept;
    /// A chunk of an owner, decoded where it is not kept; two threads do not decode one chunk together.
    /// Requires: it has `nbytes` bytes, for which there is room. Errors: those of `decode`. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<Bytes> get(const void* owner, std::uint64_t number, std::uint64_t nbytes,
                                    const Decode& decode);
    /// Drops what is kept for an owner, none of whose chunks are being decoded.
    void forget(const void* owner) noexcept;

private:
    using Key = std::pair<const void*, std::uint64_t>;
    struct Entry {
        Bytes bytes;  ///< null while they are decoded
        std::uint64_t nbytes;
        std::list<Key>::iterator use;  ///< in `uses_`, once they are decoded
    };

    /// Drops chunks, the oldest ones first, until so many bytes fit. Whether they do.
    bool make_room(std::uint64_t nbytes) noexcept;
    void finish(const Key& key, std::list<Key> use, Bytes bytes) noexcept;

    std::mutex mutex_;
    std::condition_variable decoded_;
    std::map<Key, Entry> entries_;
    std::uint64_t room_nbytes_ = std::uint64_t{32} << 20U;
    std::uint64_t nbytes_ = 0;
    std::list<Key> uses_;  ///< of those that are decoded, the oldest one first
};

}  // namespace milepost::convert::hdf5
