#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "convert/hdf5/chunk_cache.hpp"
#include "convert/hdf5/chunk_grid.hpp"
#include "convert/hdf5/filters.hpp"

namespace milepost::convert::hdf5 {

/// What a source of a dataset's elements needs of it.
struct ChunkedData {
    ChunkGrid grid;
    std::vector<Chunk> chunks;  ///< in the order of their numbers
    Filters filters;
    std::vector<std::byte> fill;  ///< of one element where there is no chunk; none: zeros
};

/// The elements of a dataset of chunks in row-major order. Chunks with filters are decoded when they are
/// read, into the cache; others are read in parts. Threads: any.
class ChunkedSource final : public Source {
public:
    /// Requires: the file has the chunks, whose addresses count from `base`; the cache has room for a band.
    ChunkedSource(std::shared_ptr<const Source> file, std::uint64_t base, ChunkedData data,
                  std::shared_ptr<ChunkCache> cache);
    ~ChunkedSource() override;

    [[nodiscard]] Result<std::uint64_t> size() const override { return nbytes_; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;
    [[nodiscard]] Result<void> check_unchanged() const override { return file_->check_unchanged(); }

private:
    struct Run;
    [[nodiscard]] Run run_at(std::uint64_t offset, std::uint64_t nbytes) const noexcept;
    [[nodiscard]] const Chunk* find(std::uint64_t number) const noexcept;
    Result<void> read_run(const Chunk& chunk, std::uint64_t within, std::span<std::byte> to,
                          ChunkCache::Bytes& last, std::uint64_t& last_number) const;
    Result<std::vector<std::byte>> decode(const Chunk& chunk) const;

    std::shared_ptr<const Source> file_;
    std::uint64_t base_;
    ChunkedData data_;
    std::shared_ptr<ChunkCache> cache_;
    std::uint64_t nbytes_ = 0;
    // The grid in bytes, without the last dimensions that a chunk has as a whole.
    Shape dims_, chunk_, counts_;
};

/// Elements that are not stored: a fill value, or zeros for none. Threads: any.
class FilledSource final : public Source {
public:
    FilledSource(std::vector<std::byte> fill, std::uint64_t nbytes) noexcept
        : fill_(std::move(fill)), nbytes_(nbytes) {}
    [[nodiscard]] Result<std::uint64_t> size() const override { return nbytes_; }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;

private:
    std::vector<std::byte> fill_;
    std::uint64_t nbytes_;
};

}  // namespace milepost::convert::hdf5
