#include "loading/damage_list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/verify.hpp>

#include "codec/codec.hpp"
#include "format/chunks.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "loading/chunk_error.hpp"
#include "loading/open.hpp"
#include "loading/storage_tensors.hpp"

namespace milepost::loading {

void DamageList::add(Error error, std::uint64_t begin, std::uint64_t end) {
    count(error);
    if (begin < end_) list({std::move(error), begin, end});
}

void DamageList::add_chunk(Error error, std::uint32_t storage, const format::Chunk& chunk) {
    count(error);
    chunks_.push_back(opened_.offsets.storage_chunk[storage] + static_cast<std::uint32_t>(chunk.number));
    if (chunk.offset < end_) {
        list({std::move(error), chunk.offset, chunk.offset + chunk.stored_nbytes, storage, chunk.number});
    }
}

void DamageList::count(const Error& error) noexcept {
    ++count_;
    if (error.code() == Code::io_error) ++unreadable_;
}

void DamageList::list(Damage damage) {
    if (options_.max_damage == 0) return;
    listed_.push_back(std::move(damage));
    if (listed_.size() / 2 >= options_.max_damage) keep_first();
}

void DamageList::keep_first() {
    std::stable_sort(listed_.begin(), listed_.end(),
                     [](const Damage& a, const Damage& b) { return a.begin < b.begin; });
    if (listed_.size() <= options_.max_damage) return;
    listed_.erase(listed_.begin() + static_cast<std::ptrdiff_t>(options_.max_damage), listed_.end());
    if (!listed_.empty()) end_ = listed_.back().begin;
}

void DamageList::complete(VerifyReport& report) {
    keep_first();
    for (Damage& damage : listed_)
        name_tensors(damage);
    report.damage = std::move(listed_);
    report.damage_count = count_;
    report.unreadable_count = unreadable_;
    report.damaged_tensors = damaged_tensors();
}

void DamageList::name_tensors(Damage& damage) const {
    if (!damage.storage) return;
    format::Chunk chunk;  // a walk to it could visit all chunks before it
    chunk.number = *damage.chunk;
    chunk.offset = damage.begin;
    chunk.stored_nbytes = damage.end - damage.begin;
    chunk.raw_nbytes = format::chunk_raw_nbytes(
        opened_.offsets.storage_nbytes(opened_.index, *damage.storage), chunk.number);
    const auto [begin, end] = raw_range(chunk);
    const StorageTensors& tensors = opened_.storage_tensors();
    damage.error =
        chunk_error(opened_, *damage.storage, chunk, damage.error.condition(), damage.error.message());
    damage.tensor_count = tensors.count(*damage.storage, begin, end);
    damage.tensors = tensors.list(*damage.storage, begin, end, options_.max_tensors);
}

/// A tensor is damaged if one of the chunks that it reaches is.
std::uint64_t DamageList::damaged_tensors() {
    if (chunks_.empty()) return 0;
    std::sort(chunks_.begin(), chunks_.end());
    const format::Index& index = opened_.index;
    std::uint64_t damaged = 0;
    for (std::uint32_t i = 0; i < index.tensor_layouts.size(); ++i) {
        const std::uint64_t extent = opened_.offsets.layout_extent[index.tensor_layouts[i]];
        if (extent == 0) continue;
        const std::uint64_t storage_chunk = opened_.offsets.storage_chunk[index.storage_of(i)];
        const std::uint64_t begin = index.offset_of(i);
        const std::uint64_t first = storage_chunk + begin / codec::kChunkNbytes;
        const std::uint64_t last = storage_chunk + (begin + extent - 1) / codec::kChunkNbytes;
        const auto at = std::lower_bound(chunks_.begin(), chunks_.end(), first);
        if (at != chunks_.end() && *at <= last) ++damaged;
    }
    return damaged;
}

}  // namespace milepost::loading
