// The index, without a file around it: the columns of a random checkpoint, changed here and there, encoded,
// decoded and judged.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "assertions.hpp"
#include "base/aligned_buffer.hpp"
#include "base/checked.hpp"
#include "check_rules.hpp"
#include "columns.hpp"
#include "core/storage_provider.hpp"
#include "format/canonical.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"
#include "format/validate.hpp"
#include "format/value_columns.hpp"
#include "index_facts.hpp"
#include "input.hpp"
#include "random_checkpoint.hpp"
#include "saving/plan.hpp"

namespace milepost::fuzz {
namespace {

using format::Index;
using format::ValidationContext;

__extension__ using Wide = unsigned __int128;

Wide rounded_up(Wide number, Wide unit) {
    return (number + unit - 1) / unit * unit;
}

/// Storages of any size, without bytes: nothing of an index needs them.
class NoBytes final : public detail::StorageProvider {
public:
    Result<std::span<const std::byte>> bytes(std::uint32_t, std::uint64_t, std::uint64_t) const override {
        return Error(Condition::layout, "no bytes");
    }
    Result<void> read(std::uint32_t, std::uint64_t, std::span<std::byte>) const override {
        return Error(Condition::layout, "no bytes");
    }
    Result<void> gather(std::uint32_t, const detail::StridedLayout&, std::span<std::byte>) const override {
        return Error(Condition::layout, "no bytes");
    }
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }
};

std::uint64_t take_nbytes(Input& input) {
    constexpr std::uint64_t kChunk = codec::kChunkNbytes;
    constexpr std::array<std::uint64_t, 6> kLarge = {kChunk - 1,     kChunk,           kChunk + 1,
                                                     3 * kChunk - 1, 2 * kChunk + 100, 20 * kChunk};
    return input.one_in(4) ? kLarge[input.below(kLarge.size())] : input.number<std::uint8_t>();
}

/// The columns that a save would fill while it writes; stored sizes are the input's, as far as rules 34 and
/// 35 allow.
class Storages {
public:
    Storages(Input& input, std::uint64_t alignment) : input_(input), alignment_(alignment) {}

    void add(std::uint64_t nbytes) {
        const bool compressing = input_.below(2) == 1;
        columns_.codecs.push_back({static_cast<std::uint8_t>(compressing ? Codec::zstd : Codec::raw), 0});
        std::uint64_t next = 0;
        (void)format::storage_begin(end_, nbytes, alignment_, next);
        for (std::uint64_t chunk = 0; chunk < format::chunk_count(nbytes); ++chunk) {
            const std::uint64_t raw = format::chunk_raw_nbytes(nbytes, chunk);
            const std::uint64_t stored = compressing ? take_stored_nbytes(raw) : raw;
            columns_.stored_checksums.push_back(input_.number<format::Digest>());
            if (compressing) columns_.stored_nbytes.push_back(static_cast<std::uint32_t>(stored));
            if (stored != raw) columns_.raw_checksums.push_back(input_.number<format::Digest>());
            end_ = next + stored;
            next = base::align_up(end_, format::kChunkAlignment);
        }
        columns_.storage_nbytes.push_back(nbytes);
    }

    [[nodiscard]] const saving::StorageColumns& columns() const noexcept { return columns_; }
    [[nodiscard]] std::uint64_t index_offset() const noexcept { return base::align_up(end_, 64); }

private:
    std::uint64_t take_stored_nbytes(std::uint64_t raw) {
        constexpr std::uint64_t kSlack = 131'072, kRatio = 32'768;
        const std::uint64_t least = raw <= kSlack ? 1 : (raw - kSlack + kRatio - 1) / kRatio;
        return std::clamp<std::uint64_t>(input_.number<std::uint16_t>(), std::max<std::uint64_t>(least, 1),
                                         raw);
    }

    Input& input_;
    std::uint64_t alignment_;
    std::uint64_t end_ = format::kHeaderNbytes;
    saving::StorageColumns columns_;
};

/// A content with its index, before any change.
struct Base {
    testing::Columns columns;
    ValidationContext validation_context;
};

std::optional<Base> take_base(Input& input) {
    const auto provider = std::make_shared<const NoBytes>();
    const std::uint64_t alignment = std::uint64_t{64} << input.below(16);
    std::uint32_t number = 0;
    const Checkpoint checkpoint = random_checkpoint(input, [&](Input& from) {
        return detail::ViewAccess::storage(provider, number++, take_nbytes(from));
    });
    saving::StorageNumbers numbers;
    const auto plan = saving::Plan::make(checkpoint, numbers, SaveOptions());
    if (!plan) {
        check_error(plan.error());
        return std::nullopt;
    }
    Storages storages(input, alignment);
    for (const saving::NewStorage& storage : plan->new_storages())
        storages.add(storage.view.nbytes());
    return Base{testing::Columns(plan->index(storages.columns())), {storages.index_offset(), alignment}};
}

/// Makes a storage longer and moves the index accordingly.
void stretch_storage(Base& base, Input& input) {
    const std::uint64_t more = base.validation_context.alignment * (input.below(3) + std::uint64_t{1});
    base.columns.say_storage_nbytes();
    if (const std::size_t i = input.below(4); i < base.columns.storage_nbytes.size())
        base.columns.storage_nbytes[i] += more;
    base.validation_context.index_offset += more;
}

/// What a file with storages of these sizes has, all of them raw: as many checksums, and the index where it
/// belongs. So that a size that was changed gets past the sums of rule 33.
void place_storages(Base& base) {
    constexpr Wide kMostChunks = 4096;  // sizes that claim more of them break rule 33
    testing::Columns& of = base.columns;
    std::vector<std::uint64_t> sizes = of.storage_nbytes;
    if (sizes.empty()) {
        testing::Columns written = of;
        written.say_storage_nbytes();
        sizes = written.storage_nbytes;
    }
    Wide end = format::kHeaderNbytes, chunks = 0;
    for (const std::uint64_t nbytes : sizes) {
        if (nbytes == 0) continue;
        const Wide large = nbytes >= format::kLargeStorageNbytes ? 4096 : 64;
        end = rounded_up(end, std::max<Wide>(large, base.validation_context.alignment)) + nbytes;
        chunks += rounded_up(nbytes, codec::kChunkNbytes) / codec::kChunkNbytes;
    }
    of.storage_codecs.clear();
    of.stored_nbytes.clear();
    of.raw_checksums.clear();
    of.stored_checksums.resize(static_cast<std::size_t>(std::min(chunks, kMostChunks)));
    base.validation_context.index_offset = static_cast<std::uint64_t>(rounded_up(end, 64));
}

/// Children that change their parent: their number stays, what is whose does not.
void move_children(testing::Columns& of, Input& input) {
    std::vector<std::uint32_t*> sizes;
    auto next = of.value_sizes.begin();
    for (const format::ValueRecord& value : of.values) {
        const auto kind = static_cast<Kind>(value.kind);
        if (!format::has_size(kind)) continue;
        if (next == of.value_sizes.end()) break;
        if (kind >= Kind::list) sizes.push_back(&*next);
        ++next;
    }
    if (sizes.empty()) return;
    std::uint32_t& from = *sizes[input.number<std::uint8_t>() % sizes.size()];
    std::uint32_t& to = *sizes[input.number<std::uint8_t>() % sizes.size()];
    const std::uint32_t moved = std::min<std::uint32_t>(from, 1 + input.below(4));
    from -= moved;
    to += moved;
}

/// What no edit of one element does, each now and then. Returns whether anything was changed.
bool change_parts(Base& base, Input& input) {
    bool changed = false;
    if (input.one_in(16)) {
        base.validation_context.index_offset += 64 * std::uint64_t{input.below(256)};
        changed = true;
    }
    if (input.one_in(8)) {
        stretch_storage(base, input);
        changed = true;
    }
    if (input.one_in(8)) {
        move_children(base.columns, input);
        changed = true;
    }
    if (input.one_in(4)) {
        say_otherwise(base.columns, input);
        changed = true;
    }
    if (input.one_in(16)) {
        repeat_name(base.columns, input);
        changed = true;
    }
    if (input.one_in(64)) {
        wrap_ends(base.columns, input);
        changed = true;
    }
    if (input.one_in(4)) {
        place_storages(base);
        changed = true;
    }
    return changed;
}

base::AlignedBuffer encoded(const Index& index) {
    const auto bytes = index.encode(Limits());
    require(bytes.has_value() && bytes->size() % 8 == 0, "a small index can be encoded");
    base::AlignedBuffer buffer(bytes->size());
    std::copy(bytes->begin(), bytes->end(), buffer.bytes().begin());
    return buffer;
}

enum class RuleResult { refused, accepted, canonical };

/// Returns whether it is canonical.
bool check_accepted(const Index& index, const ValidationContext& validation_context,
                    const base::AlignedBuffer& buffer) {
    const auto offsets = format::validate(index, validation_context, Limits());
    require(!format::validate_content(index, Limits()), "what the reader accepts, the writer accepts");
    check_facts(index, *offsets, validation_context, Limits());
    const base::AlignedBuffer again = encoded(index);
    require(
        std::equal(buffer.bytes().begin(), buffer.bytes().end(), again.bytes().begin(), again.bytes().end()),
        "decode and encode give the same bytes");
    const bool canonical = has_canonical_columns(index, *offsets);
    require(format::is_canonical(index, *offsets, buffer.bytes()) == canonical,
            "the columns decide what is canonical");
    return canonical;
}

RuleResult judge(const Index& columns, const ValidationContext& validation_context) {
    const base::AlignedBuffer buffer = encoded(columns);
    const auto index = Index::decode(buffer.bytes());
    require(index.has_value() && same_columns(columns, *index), "encode and decode give the same columns");
    check_rules(*index, validation_context);
    const auto valid = format::validate(*index, validation_context, Limits());
    check_same_outcome(valid, format::validate(columns, validation_context, Limits()),
                       "the columns alone decide");
    const auto tight = format::validate(*index, validation_context, tight_limits());
    if (!tight) check_error(tight.error());
    require(!tight || valid, "what passes tight limits passes the defaults");
    if (!valid) return RuleResult::refused;
    return check_accepted(*index, validation_context, buffer) ? RuleResult::canonical : RuleResult::accepted;
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    constexpr unsigned kMaxEdits = 8;
    fuzz::Input input(data, nbytes);
    const unsigned edits = input.below(kMaxEdits + 1);
    auto base = fuzz::take_base(input);
    if (!base) return 0;
    const bool sound = !format::validate_content(base->columns.index(), Limits());
    bool changed = false;
    for (unsigned i = 0; i < edits && !input.empty(); ++i, changed = true) {
        fuzz::edit(base->columns, input);
        // After each edit, not the last alone: the fewer there are, the later the rule that decides.
        fuzz::check_rules(base->columns.index(), base->validation_context);
    }
    changed = fuzz::change_parts(*base, input) || changed;
    const auto result = fuzz::judge(base->columns.index(), base->validation_context);
    fuzz::require(result != fuzz::RuleResult::refused || changed || !sound,
                  "what the writer accepts, the reader accepts");
    fuzz::require(result != fuzz::RuleResult::accepted || changed, "what the writer writes is canonical");
    return 0;
}
