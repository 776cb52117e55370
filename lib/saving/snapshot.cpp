#include "saving/snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include <milepost/tensor.hpp>

#include "base/aligned_buffer.hpp"
#include "base/checked.hpp"
#include "base/parallel.hpp"
#include "base/stream_copy.hpp"
#include "core/storage_provider.hpp"
#include "saving/new_storage.hpp"

namespace milepost::saving {
namespace {

/// What one thread copies at a time.
constexpr std::uint64_t kPieceNbytes = std::uint64_t{4} << 20U;
constexpr std::uint64_t kStorageAlignment = 64;

/// A smaller snapshot stays in the caches, from which it is saved.
constexpr std::uint64_t kLeastStreamedNbytes = std::uint64_t{32} << 20U;

struct Piece {
    std::span<const std::byte> from;
    std::span<std::byte> to;
};

bool is_memory_of_caller(const StorageView& view) noexcept {
    return detail::ViewAccess::provider(view) == nullptr && view.nbytes() != 0;
}

std::uint64_t room_for(const std::vector<NewStorage>& storages) {
    std::uint64_t nbytes = 0;
    for (const NewStorage& storage : storages) {
        if (!is_memory_of_caller(storage.view)) continue;
        nbytes = base::align_up(nbytes, kStorageAlignment) + storage.view.nbytes();
    }
    return nbytes;
}

void add_pieces(std::span<const std::byte> from, std::span<std::byte> to, std::vector<Piece>& pieces) {
    for (std::size_t at = 0; at < from.size(); at += kPieceNbytes) {
        const std::size_t nbytes = std::min<std::size_t>(kPieceNbytes, from.size() - at);
        pieces.push_back({from.subspan(at, nbytes), to.subspan(at, nbytes)});
    }
}

void copy(const Piece& piece, bool streamed) noexcept {
    if (streamed) {
        base::stream_copy(piece.from, piece.to);
    } else {
        std::memcpy(piece.to.data(), piece.from.data(), piece.to.size());
    }
}

}  // namespace

void Snapshot::take(std::vector<NewStorage>& storages, unsigned threads) {
    const std::uint64_t room = room_for(storages);
    if (room > memory_.bytes().size()) {
        release();  // first, so that there are never two
        memory_ = base::AlignedBuffer(static_cast<std::size_t>(room));
    }
    std::vector<Piece> pieces;
    pieces.reserve(static_cast<std::size_t>(room / kPieceNbytes) + storages.size());
    std::size_t at = 0;
    for (NewStorage& storage : storages) {
        if (!is_memory_of_caller(storage.view)) continue;
        at = static_cast<std::size_t>(base::align_up(at, kStorageAlignment));
        const std::span<const std::byte> from = *storage.view.bytes(0, storage.view.nbytes());
        const std::span<std::byte> to = memory_.bytes().subspan(at, from.size());
        add_pieces(from, to, pieces);
        storage.view = StorageView(to);
        at += to.size();
    }
    base::parallel_for(
        pieces.size(), threads, [] { return 0; },
        [&](int, std::size_t i) { copy(pieces[i], room >= kLeastStreamedNbytes); });
}

}  // namespace milepost::saving
