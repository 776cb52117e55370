#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/aligned_buffer.hpp"
#include "core/gather.hpp"
#include "loading/chunk_reader.hpp"
#include "platform/file.hpp"

namespace milepost::loading {

struct StorageReaderOptions {
    Check check;
    unsigned threads;  ///< 0: as many as the machine has; asked for only when it matters
    std::uint64_t max_total_bytes;
};

/// Gives out the bytes of storages, each chunk checked at its first use. Any number of threads.
///
/// Mapped and stored raw: a view into the file, each chunk's checksum compared once. Else bytes() decodes the
/// whole storage into memory that it keeps, since a view must stay valid; read() keeps nothing.
class StorageReader final : public detail::StorageProvider {
public:
    /// `file` is the file behind the source, if it is one: to tell a file that changes from a damaged one.
    StorageReader(const Source& source, std::span<const std::byte> mapped, const OpenedIndex& opened,
                  const platform::InputFile* file, const StorageReaderOptions& options);

    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                             std::uint64_t end) const override;
    Result<void> read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const override;
    Result<void> gather(std::uint32_t storage, const detail::StridedLayout& layout,
                        std::span<std::byte> to) const override;
    [[nodiscard]] bool is_mapped(std::uint32_t storage) const noexcept override;

    /// Checks every chunk, as Check::at_open asks. Errors: the first damage in the order of the file.
    [[nodiscard]] Result<void> check_all() const;

private:
    /// Chunks [begin, end) of a storage.
    struct ChunkRun {
        std::uint64_t begin, end;
    };
    struct Copy {
        std::mutex mutex;
        base::AlignedBuffer bytes;
    };

    Result<void> check_mapped(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const;
    Result<void> check_blocks(std::uint32_t storage, std::uint64_t offset, std::uint64_t end,
                              const core::ContiguousRuns& blocks) const;
    Result<void> gather_chunks(ChunkReader& checker, std::uint32_t storage, std::uint64_t offset,
                               ChunkRun run, const core::ContiguousRuns& blocks,
                               std::span<std::byte> to) const;
    /// Requires: is_mapped.
    [[nodiscard]] Result<std::span<const std::byte>> mapped_bytes(std::uint32_t storage, std::uint64_t begin,
                                                                  std::uint64_t end) const;
    /// Cuts the chunks of the bytes [begin, end) into runs, calls work(checker, run) for each, on several
    /// threads if `nbytes` are worth it. The first error in the order of the runs.
    [[nodiscard]] Result<void> for_chunk_runs(
        std::uint64_t begin, std::uint64_t end, std::uint64_t nbytes,
        const std::function<Result<void>(ChunkReader&, ChunkRun)>& work) const;
    Result<std::span<const std::byte>> cached(std::uint32_t storage) const;
    Result<void> read_range(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const;
    Result<void> read_chunks(ChunkReader& checker, std::uint32_t storage, std::uint64_t begin,
                             std::span<std::byte> to) const;
    [[nodiscard]] Error error_of(std::uint32_t storage, const format::Chunk& chunk,
                                 ChunkOutcome outcome) const;

    ChunkBytes chunk_bytes_;
    const platform::InputFile* file_;
    StorageReaderOptions options_;
    /// One for each chunk: 1 once its checksum was right. Two threads may both check a chunk; neither sees
    /// unchecked bytes.
    std::unique_ptr<std::atomic<std::uint8_t>[]> checked_;
    mutable std::mutex copies_mutex_;
    mutable std::map<std::uint32_t, Copy> copies_;
    mutable std::uint64_t copied_nbytes_ = 0;
};

}  // namespace milepost::loading
