#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "core/storage_provider.hpp"
#include "loading/bulk_read.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/decoded_storages.hpp"
#include "loading/file_access.hpp"
#include "loading/mapped_storages.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"

namespace milepost::loading {

/// The storages of an open file, as views ask for them. Their bytes are used in place (MappedStorages), or
/// read into memory by bulk_read(): the caller's, or copies that are kept (DecodedStorages). Each chunk is
/// checked before its bytes are used. Any thread.
class StorageReader final : public detail::StorageProvider {
public:
    /// `file` and `opened` must outlive this. Throws std::bad_alloc.
    StorageReader(const FileAccess& file, const OpenedIndex& opened, const OpenOptions& options)
        : source_{file, opened, options.check != Check::never, options.keep_cached},
          threads_(options.threads),
          mapped_(source_, options.threads),
          decoded_(source_, options.limits.max_total_bytes) {}
    StorageReader(const StorageReader&) = delete;  // views and both ways of access refer to this object
    StorageReader& operator=(const StorageReader&) = delete;

    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                             std::uint64_t end) const override;
    Result<void> read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const override;
    Result<void> gather(std::uint32_t storage, const detail::StridedLayout& layout,
                        std::span<std::byte> to) const override;
    Result<void> check(std::uint32_t storage, std::uint64_t begin, std::uint64_t end) const override;
    Result<std::span<std::byte>> private_bytes(std::uint32_t storage, std::uint64_t begin,
                                               std::uint64_t end) const override;
    [[nodiscard]] bool is_mapped(std::uint32_t storage) const noexcept override {
        return mapped_.contains(storage);
    }

    /// bulk_read() of this file; `options` without what only this object knows (BulkReadOptions::checked).
    /// Requires, errors: as there. Throws std::bad_alloc.
    [[nodiscard]] Result<void> read_all(std::span<const ReadRequest> requests, BulkReadOptions options) const;

    /// Checks every chunk, as Check::at_open asks. Errors: the first damage in the order of the file. Throws
    /// std::bad_alloc.
    [[nodiscard]] Result<void> check_all() const;

private:
    [[nodiscard]] Result<void> read_one(const ReadRequest& request, bool only_check = false) const;
    [[nodiscard]] Result<std::span<const std::byte>> decoded_bytes(std::uint32_t storage, std::uint64_t begin,
                                                                   std::uint64_t end) const;

    ChunkSource source_;
    unsigned threads_;
    MappedStorages mapped_;
    DecodedStorages decoded_;
};

}  // namespace milepost::loading
