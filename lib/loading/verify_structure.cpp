#include "loading/verify_structure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/message.hpp"
#include "core/progress_meter.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "loading/damage_list.hpp"
#include "loading/open.hpp"

namespace milepost::loading {
namespace {

using base::message;
using format::ChunkIterator;
using format::IndexPlacement;

/// The bytes [begin, end) of the file, without those at both ends that are right.
struct Wrong {
    std::uint64_t begin = UINT64_MAX;
    std::uint64_t end = 0;

    void add(std::uint64_t at) noexcept {
        begin = std::min(begin, at);
        end = at + 1;
    }
    [[nodiscard]] bool any() const noexcept { return begin < end; }
};

class StructureCheck {
public:
    StructureCheck(const Source& source, const OpenedIndex& opened, core::ProgressMeter& progress,
                   DamageList& damage)
        : source_(source), opened_(opened), progress_(progress), damage_(damage), buffer_(kPieceNbytes) {}

    Result<void> run() {
        MILEPOST_TRY(check_storage_padding());
        const IndexPlacement& placement = opened_.footer.placement;
        MILEPOST_TRY(check_copy(placement.index_offset, "A"));
        auto checked = check_zero(placement.gap(), placement.copy_b(), [] { return "padding in the gap"; });
        if (!checked) return checked;
        return check_copy(placement.copy_b(), "B");
    }

private:
    static constexpr std::size_t kPieceNbytes = std::size_t{1} << 20U;

    void add_damage(Condition condition, std::uint64_t begin, std::uint64_t end, const std::string& what) {
        damage_.add(Error(condition, message("bytes ", begin, "..", end, ": ", what)), begin, end);
    }

    /// Calls `judge(piece, offset)` for the bytes [begin, end) of the file; what cannot be read is damage.
    /// `name()` is what these bytes are.
    template <class Judge, class Name>
    Result<void> for_each_piece(std::uint64_t begin, std::uint64_t end, Judge judge, Name name) {
        for (std::uint64_t at = begin; at < end;) {
            const auto nbytes = static_cast<std::size_t>(std::min<std::uint64_t>(end - at, kPieceNbytes));
            const auto piece = buffer_.bytes().first(nbytes);
            if (const auto read = source_.read(at, piece)) {
                judge(std::span<const std::byte>(piece), at);
            } else if (is_fatal_read(read.error())) {
                return read.error();
            } else {
                add_damage(read.error().condition(), at, at + nbytes,
                           message(name(), " cannot be read: ", read.error().message()));
            }
            at += nbytes;
            MILEPOST_TRY(progress_.add(nbytes));
        }
        return {};
    }

    template <class Name>
    Result<void> check_zero(std::uint64_t begin, std::uint64_t end, Name name) {
        Wrong wrong;
        const auto judge = [&](std::span<const std::byte> piece, std::uint64_t offset) {
            for (std::size_t i = 0; i < piece.size(); ++i) {
                if (piece[i] != std::byte{0}) wrong.add(offset + i);
            }
        };
        auto read = for_each_piece(begin, end, judge, name);
        if (read && wrong.any()) {
            add_damage(Condition::padding, wrong.begin, wrong.end,
                       message(name(), " expected 0, found other bytes"));
        }
        return read;
    }

    Result<void> check_storage_padding() {
        std::uint64_t end = format::kHeaderNbytes;
        for (std::uint32_t i = 0; i < opened_.index.storage_count(); ++i) {
            for (ChunkIterator walk(opened_.index, opened_.offsets, i); !walk.done(); walk.next()) {
                const format::Chunk& chunk = walk.chunk();
                auto checked = check_zero(end, chunk.offset, [&] {
                    return message(chunk.number == 0 ? "padding before storage " : "padding in storage ", i);
                });
                if (!checked) return checked;
                end = chunk.offset + chunk.stored_nbytes;
            }
        }
        return check_zero(end, opened_.footer.placement.index_offset,
                          [] { return "padding before the index"; });
    }

    template <class Name>
    Result<void> check_same(std::uint64_t begin, std::span<const std::byte> expected, Name name) {
        Wrong wrong;
        const auto judge = [&](std::span<const std::byte> piece, std::uint64_t offset) {
            const auto wanted = expected.subspan(static_cast<std::size_t>(offset - begin), piece.size());
            if (std::memcmp(piece.data(), wanted.data(), piece.size()) == 0) return;
            for (std::size_t i = 0; i < piece.size(); ++i) {
                if (piece[i] != wanted[i]) wrong.add(offset + i);
            }
        };
        auto read = for_each_piece(begin, begin + expected.size(), judge, name);
        if (read && wrong.any()) {
            add_damage(Condition::index_copy, wrong.begin, wrong.end,
                       message(name(), " differs from the one that is used"));
        }
        return read;
    }

    /// An index copy, the padding after it, and its footer.
    Result<void> check_copy(std::uint64_t copy, std::string_view letter) {
        const IndexPlacement& placement = opened_.footer.placement;
        const std::uint64_t footer_at = copy + placement.padded_nbytes();
        const format::FooterBytes footer = opened_.footer.encode();
        auto checked =
            check_same(copy, opened_.buffer.bytes(), [&] { return message("index copy ", letter); });
        if (!checked) return checked;
        checked = check_zero(copy + placement.index_nbytes, footer_at,
                             [&] { return message("padding after index copy ", letter); });
        if (!checked) return checked;
        return check_same(footer_at, footer, [&] { return message("footer ", letter); });
    }

    const Source& source_;
    const OpenedIndex& opened_;
    core::ProgressMeter& progress_;
    DamageList& damage_;
    base::AlignedBuffer buffer_;
};

}  // namespace

Result<void> verify_structure(const Source& source, const OpenedIndex& opened, core::ProgressMeter& progress,
                              DamageList& damage) {
    return StructureCheck(source, opened, progress, damage).run();
}

}  // namespace milepost::loading
