#include "convert/hdf5/chunk_cache.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <milepost/result.hpp>

namespace milepost::convert::hdf5 {

void ChunkCache::reserve(std::uint64_t nbytes) noexcept {
    const std::lock_guard lock(mutex_);
    room_nbytes_ = std::max(room_nbytes_, nbytes);
}

bool ChunkCache::make_room(std::uint64_t nbytes) noexcept {
    while (nbytes_ + nbytes > room_nbytes_ && !uses_.empty()) {
        const auto oldest = entries_.find(uses_.front());
        nbytes_ -= oldest->second.nbytes;
        entries_.erase(oldest);
        uses_.pop_front();
    }
    return nbytes_ + nbytes <= room_nbytes_;
}

/// The node of the list was made before: nothing can fail here.
void ChunkCache::finish(const Key& key, std::list<Key> use, Bytes bytes) noexcept {
    {
        const std::lock_guard lock(mutex_);
        const auto entry = entries_.find(key);
        if (bytes == nullptr) {
            nbytes_ -= entry->second.nbytes;
            entries_.erase(entry);
        } else {
            entry->second.bytes = std::move(bytes);
            entry->second.use = use.begin();
            uses_.splice(uses_.end(), use);
        }
    }
    decoded_.notify_all();
}

Result<ChunkCache::Bytes> ChunkCache::get(const void* owner, std::uint64_t number, std::uint64_t nbytes,
                                          const Decode& decode) {
    const Key key(owner, number);
    std::list<Key> use = {key};
    nbytes += kEntryNbytes;
    {
        std::unique_lock lock(mutex_);
        for (;;) {
            const auto found = entries_.find(key);
            if (found != entries_.end() && found->second.bytes != nullptr) {
                uses_.splice(uses_.end(), uses_, found->second.use);
                return found->second.bytes;
            }
            if (found == entries_.end() && make_room(nbytes)) break;
            decoded_.wait(lock);
        }
        entries_.emplace(key, Entry{nullptr, nbytes, {}});
        nbytes_ += nbytes;
    }
    try {
        auto made = decode();
        if (!made) {
            finish(key, {}, nullptr);
            return made.error();
        }
        Bytes bytes = std::make_shared<const std::vector<std::byte>>(*std::move(made));
        finish(key, std::move(use), bytes);
        return bytes;
    } catch (...) {
        finish(key, {}, nullptr);
        throw;
    }
}

void ChunkCache::forget(const void* owner) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto each = entries_.lower_bound({owner, 0});
         each != entries_.end() && each->first.first == owner;) {
        nbytes_ -= each->second.nbytes;
        uses_.erase(each->second.use);
        each = entries_.erase(each);
    }
}

}  // namespace milepost::convert::hdf5
