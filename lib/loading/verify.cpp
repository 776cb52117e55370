#include <milepost/verify.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "core/callback.hpp"
#include "core/text.hpp"
#include "format/canonical.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "loading/chunk_error.hpp"
#include "loading/chunk_reader.hpp"
#include "loading/open.hpp"
#include "loading/reader_impl.hpp"

namespace milepost {
namespace {

using base::message;
using format::ChunkIterator;
using format::IndexPlacement;
using loading::ChunkReader;
using loading::OpenedIndex;

/// Checks everything outside of chunks: padding, index copies and footers, in one pass over the file.
class PaddingCheck {
public:
    PaddingCheck(const Reader::Impl& impl, VerifyReport& report)
        : impl_(impl), report_(report), buffer_(kPieceNbytes) {}

    /// Errors: io_error.
    Result<void> run() {
        if (auto checked = check_storage_padding(); !checked) return checked;
        return check_index_copies();
    }

private:
    static constexpr std::size_t kPieceNbytes = std::size_t{1} << 20U;

    void damage(Condition condition, std::uint64_t begin, std::uint64_t end, const std::string& what) {
        report_.damage.push_back(
            {Error(condition, message("bytes ", begin, "..", end, ": ", what)), {}, {}, {}, begin, end});
    }

    /// Calls `judge(piece, offset)` for the bytes [begin, end) of the file.
    template <class Judge>
    Result<void> for_each_piece(std::uint64_t begin, std::uint64_t end, Judge judge) {
        while (begin < end) {
            const auto nbytes = static_cast<std::size_t>(std::min<std::uint64_t>(end - begin, kPieceNbytes));
            const auto piece = buffer_.bytes().first(nbytes);
            if (auto read = impl_.file.source().read(begin, piece); !read) return read;
            judge(std::span<const std::byte>(piece), begin);
            begin += nbytes;
        }
        return {};
    }

    Result<void> check_zero(std::uint64_t begin, std::uint64_t end, std::string_view what) {
        std::uint64_t first = end, last = begin;
        auto read = for_each_piece(begin, end, [&](std::span<const std::byte> piece, std::uint64_t offset) {
            for (std::size_t i = 0; i < piece.size(); ++i) {
                if (piece[i] == std::byte{0}) continue;
                first = std::min(first, offset + i);
                last = offset + i + 1;
            }
        });
        if (read && first < last)
            damage(Condition::padding, first, last,
                   message("padding ", what, " expected 0, found other bytes"));
        return read;
    }

    Result<void> check_storage_padding() {
        const OpenedIndex& opened = impl_.opened;
        std::uint64_t end = format::kHeaderNbytes;
        for (std::uint32_t i = 0; i < opened.index.storage_count(); ++i) {
            for (ChunkIterator walk(opened.index, opened.offsets, i); !walk.done(); walk.next()) {
                const auto where =
                    walk.chunk().number == 0 ? message("before storage ", i) : message("in storage ", i);
                if (auto checked = check_zero(end, walk.chunk().offset, where); !checked) return checked;
                end = walk.chunk().offset + walk.chunk().stored_nbytes;
            }
        }
        return check_zero(end, opened.footer.placement.index_offset, "before the index");
    }

    Result<void> check_same(std::uint64_t begin, std::span<const std::byte> expected, Condition condition,
                            std::string_view what) {
        std::uint64_t first = UINT64_MAX, last = 0;
        auto read = for_each_piece(
            begin, begin + expected.size(), [&](std::span<const std::byte> piece, std::uint64_t offset) {
                const auto wanted = expected.subspan(static_cast<std::size_t>(offset - begin), piece.size());
                if (std::memcmp(piece.data(), wanted.data(), piece.size()) == 0) return;
                for (std::size_t i = 0; i < piece.size(); ++i) {
                    if (piece[i] == wanted[i]) continue;
                    first = std::min(first, offset + i);
                    last = offset + i + 1;
                }
            });
        if (read && first < last)
            damage(condition, first, last, message(what, " differs from the one that is used"));
        return read;
    }

    Result<void> check_index_copies() {
        const OpenedIndex& opened = impl_.opened;
        const IndexPlacement& placement = opened.footer.placement;
        const format::FooterBytes footer = opened.footer.encode();
        const auto index = opened.buffer.bytes();
        for (const bool is_b : {false, true}) {
            const std::uint64_t copy = is_b ? placement.copy_b() : placement.index_offset;
            const std::uint64_t footer_at = copy + placement.padded_nbytes();
            const std::string_view name = is_b ? "B" : "A";
            if (auto checked = check_same(copy, index, Condition::index_copy, message("index copy ", name));
                !checked)
                return checked;
            if (auto checked =
                    check_zero(copy + placement.index_nbytes, footer_at, message("after index copy ", name));
                !checked)
                return checked;
            if (auto checked = check_same(footer_at, footer, Condition::index_copy, message("footer ", name));
                !checked)
                return checked;
            if (is_b) continue;
            if (auto checked = check_zero(placement.gap(), placement.copy_b(), "in the gap"); !checked)
                return checked;
        }
        return check_canonical();
    }

    Result<void> check_canonical() {
        const OpenedIndex& opened = impl_.opened;
        // A newer minor revision may have columns that this one cannot encode: docs/format.md, section 13.
        report_.canonical_form_checked = opened.header.optional_flags == 0;
        if (!report_.canonical_form_checked) return {};
        const IndexPlacement& placement = opened.footer.placement;
        if (!format::is_canonical(opened.index, opened.offsets, opened.buffer.bytes())) {
            damage(Condition::index_canonical, placement.index_offset,
                   placement.index_offset + placement.index_nbytes, "the index is not in canonical form");
        }
        return {};
    }

    const Reader::Impl& impl_;
    VerifyReport& report_;
    base::AlignedBuffer buffer_;
};

/// Some chunks of one storage, with an iterator at the first of them: the unit of parallel work. The iterator
/// is stored because a batch that began its own walk would visit all chunks before it again, and a file may
/// have millions of small ones.
struct Batch {
    std::uint32_t storage;
    ChunkIterator walk;
    std::uint64_t count;
};

std::vector<Batch> make_batches(const OpenedIndex& opened) {
    constexpr std::uint64_t kChunksPerBatch = 16;
    std::vector<Batch> batches;
    for (std::uint32_t i = 0; i < opened.index.storage_count(); ++i) {
        const std::uint64_t chunks = format::chunk_count(opened.offsets, i);
        ChunkIterator walk(opened.index, opened.offsets, i);
        for (std::uint64_t first = 0; first < chunks; first += kChunksPerBatch) {
            walk.skip_to(first);
            batches.push_back({i, walk, std::min(kChunksPerBatch, chunks - first)});
        }
    }
    return batches;
}

/// Checks the chunks on several threads.
class ChunkVerify {
public:
    ChunkVerify(const Reader::Impl& impl, const VerifyOptions& options, VerifyReport& report)
        : impl_(impl), options_(options), report_(report), source_{impl.file, impl.opened, true} {}

    Result<void> run() {
        const std::vector<Batch> batches = make_batches(impl_.opened);
        base::parallel_for(
            batches.size(), base::thread_count(options_.threads), [&] { return ChunkReader(source_); },
            [&](ChunkReader& reader, std::size_t i) { check(batches[i], reader); });
        if (io_error_) return *io_error_;
        return {};
    }

private:
    void check(const Batch& batch, ChunkReader& reader) {
        ChunkIterator walk = batch.walk;
        std::uint64_t nbytes = 0;
        for (std::uint64_t i = 0; i < batch.count; ++i, walk.next()) {
            auto read = reader.read(batch.storage, walk.chunk());
            nbytes += walk.chunk().raw_nbytes;
            if (!read) note(batch.storage, walk.chunk(), std::move(read).error());
        }
        const std::lock_guard lock(mutex_);
        report_.chunks += batch.count;
        report_.nbytes += nbytes;
        if (options_.progress) options_.progress(report_.nbytes, impl_.opened.footer.file_size);
    }

    void note(std::uint32_t storage, const format::Chunk& chunk, Error error) {
        const std::lock_guard lock(mutex_);
        if (error.code() == Code::io_error) {
            if (!io_error_) io_error_ = std::move(error);
            return;
        }
        report_.damage.push_back({std::move(error), loading::tensors_in_chunk(impl_.opened, storage, chunk),
                                  storage, chunk.number, chunk.offset, chunk.offset + chunk.stored_nbytes});
    }

    const Reader::Impl& impl_;
    const VerifyOptions& options_;
    VerifyReport& report_;
    loading::ChunkSource source_;
    std::mutex mutex_;
    std::optional<Error> io_error_;
};

Result<VerifyReport> verify_all(const Reader::Impl& impl, const VerifyOptions& options) {
    VerifyReport report;
    if (auto checked = ChunkVerify(impl, options, report).run(); !checked) return std::move(checked).error();
    if (auto checked = PaddingCheck(impl, report).run(); !checked) return std::move(checked).error();
    if (auto unchanged = impl.file.check_unchanged(); !unchanged) return std::move(unchanged).error();
    std::stable_sort(report.damage.begin(), report.damage.end(),
                     [](const Damage& a, const Damage& b) { return a.begin < b.begin; });
    return report;
}

}  // namespace

Result<VerifyReport> verify(const Reader& reader, const VerifyOptions& options) try {
    auto report = verify_all(*reader.impl_, options);
    if (!report && !reader.impl_->path.empty())
        return report.error().within(core::printable(reader.impl_->path));
    return report;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
} catch (...) {
    // Nothing else of the caller is called without a guard. base::parallel_for has stopped all threads.
    return core::error_of_thrown(Condition::callback, "VerifyOptions::progress");
}

}  // namespace milepost
