#include "convert/hdf5/chunked_source.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/chunk_cache.hpp"
#include "convert/hdf5/chunk_grid.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Smaller parts of a chunk are copied from a copy of it, if that is not large.
constexpr std::uint64_t kDirectNbytes = 4096, kGreatestCopyNbytes = std::uint64_t{1} << 20U;

Result<void> check_range(std::uint64_t offset, std::uint64_t nbytes, std::uint64_t size) {
    if (base::range_within(offset, nbytes, size)) return {};
    return Error(Condition::read,
                 message("the dataset has ", size, " bytes, not ", nbytes, " from ", offset, " on"));
}

/// The bytes from `offset` on of elements that are all the same.
void put_fill(std::span<const std::byte> fill, std::uint64_t offset, std::span<std::byte> to) noexcept {
    if (fill.empty()) {
        std::fill(to.begin(), to.end(), std::byte{0});
        return;
    }
    auto at = static_cast<std::size_t>(offset % fill.size());
    for (std::byte& byte : to) {
        byte = fill[at];
        if (++at == fill.size()) at = 0;
    }
}

}  // namespace

/// Bytes that are in one chunk, one after the other.
struct ChunkedSource::Run {
    std::uint64_t number = 0, within = 0, nbytes = 0;
};

ChunkedSource::ChunkedSource(std::shared_ptr<const Source> file, std::uint64_t base, ChunkedData data,
                             std::shared_ptr<ChunkCache> cache)
    : file_(std::move(file)),
      base_(base),
      data_(std::move(data)),
      cache_(std::move(cache)),
      dims_(data_.grid.shape),
      chunk_(data_.grid.chunk),
      counts_(data_.grid.counts) {
    const std::uint64_t element_nbytes = data_.grid.element_nbytes;
    nbytes_ = element_nbytes;
    for (const std::uint64_t dim : dims_)
        nbytes_ *= dim;  // fits: nbytes_of() was asked before
    dims_.back() *= element_nbytes;
    chunk_.back() *= element_nbytes;
    while (dims_.size() > 1 && dims_.back() == chunk_.back()) {
        const std::uint64_t row = dims_.back();
        dims_.pop_back();
        chunk_.pop_back();
        counts_.pop_back();
        dims_.back() *= row;
        chunk_.back() *= row;
    }
}

ChunkedSource::~ChunkedSource() {
    cache_->forget(this);
}

ChunkedSource::Run ChunkedSource::run_at(std::uint64_t offset, std::uint64_t nbytes) const noexcept {
    Run run;
    std::uint64_t number_step = 1, within_step = 1;
    for (std::size_t i = dims_.size(); i-- > 0;) {
        const std::uint64_t at = offset % dims_[i], place = at / chunk_[i], rest = at % chunk_[i];
        offset /= dims_[i];
        if (i + 1 == dims_.size()) run.nbytes = std::min({nbytes, chunk_[i] - rest, dims_[i] - at});
        run.number += number_step * place;
        run.within += within_step * rest;
        number_step *= counts_[i];
        within_step *= chunk_[i];
    }
    return run;
}

const Chunk* ChunkedSource::find(std::uint64_t number) const noexcept {
    const auto found =
        std::lower_bound(data_.chunks.begin(), data_.chunks.end(), number,
                         [](const Chunk& chunk, std::uint64_t wanted) { return chunk.number < wanted; });
    return found != data_.chunks.end() && found->number == number ? &*found : nullptr;
}

Result<std::vector<std::byte>> ChunkedSource::decode(const Chunk& chunk) const {
    std::vector<std::byte> bytes(static_cast<std::size_t>(chunk.nbytes));
    MILEPOST_TRY(file_->read(base_ + chunk.address, bytes));
    if (chunk.is_plain) return bytes;
    std::vector<std::byte> decoded;
    const auto done = data_.filters.decode(std::move(bytes), chunk.mask, decoded, data_.grid.chunk_nbytes);
    if (!done) return done.error().within(message("HDF5 chunk at ", chunk.address));
    return decoded;
}

Result<void> ChunkedSource::read_run(const Chunk& chunk, std::uint64_t within, std::span<std::byte> to,
                                     ChunkCache::Bytes& last, std::uint64_t& last_number) const {
    const std::uint64_t chunk_nbytes = data_.grid.chunk_nbytes;
    if (chunk.is_plain && (to.size() >= kDirectNbytes || chunk_nbytes > kGreatestCopyNbytes))
        return file_->read(base_ + chunk.address + within, to);
    if (last == nullptr || last_number != chunk.number) {
        last = nullptr;  // one at a time
        MILEPOST_TRY_ASSIGN(last,
                            cache_->get(this, chunk.number, chunk_nbytes, [&] { return decode(chunk); }));
        last_number = chunk.number;
    }
    std::memcpy(to.data(), last->data() + within, to.size());
    return {};
}

Result<void> ChunkedSource::read(std::uint64_t offset, std::span<std::byte> to) const {
    MILEPOST_TRY(check_range(offset, to.size(), nbytes_));
    ChunkCache::Bytes last;
    std::uint64_t last_number = 0;
    const Chunk* chunk = nullptr;
    std::uint64_t chunk_number = UINT64_MAX;
    while (!to.empty()) {
        const Run run = run_at(offset, to.size());
        const std::span<std::byte> part = to.first(static_cast<std::size_t>(run.nbytes));
        if (run.number != chunk_number) {
            chunk = find(run.number);
            chunk_number = run.number;
        }
        if (chunk == nullptr) {
            put_fill(data_.fill, offset, part);
        } else {
            MILEPOST_TRY(read_run(*chunk, run.within, part, last, last_number));
        }
        to = to.subspan(part.size());
        offset += part.size();
    }
    return {};
}

Result<void> FilledSource::read(std::uint64_t offset, std::span<std::byte> to) const {
    MILEPOST_TRY(check_range(offset, to.size(), nbytes_));
    put_fill(fill_, offset, to);
    return {};
}

}  // namespace milepost::convert::hdf5
