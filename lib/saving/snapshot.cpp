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
#include "core/storage_provider.hpp"
#include "saving/new_storage.hpp"

namespace milepost::saving {
namespace {

/// What one thread copies at a time.
constexpr std::uint64_t kPieceNbytes = std::uint64_t{4} << 20U;
constexpr std::uint64_t kStorageAlignment = 64;

struct Piece {
    const std::byte* from;
    std::byte* to;
    std::size_t nbytes;
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

void add_pieces(std::span<const std::byte> from, std::byte* to, std::vector<Piece>& pieces) {
    for (std::size_t at = 0; at < from.size(); at += kPieceNbytes)
        pieces.push_back({from.data() + at, to + at, std::min<std::size_t>(kPieceNbytes, from.size() - at)});
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
        add_pieces(from, to.data(), pieces);
        storage.view = StorageView(to);
        at += to.size();
    }
    base::parallel_for(
        pieces.size(), threads, [] { return 0; },
        [&](int, std::size_t i) { std::memcpy(pieces[i].to, pieces[i].from, pieces[i].nbytes); });
}

}  // namespace milepost::saving
