#include <doctest/doctest.h>

#include <string_view>

#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

// Limits, on both sides of each: what a writer may write under them, a reader may read under them, and
// nothing more.
namespace {

using namespace milepost;
using namespace milepost::testing;

struct LimitRow {
    std::string_view name;
    Checkpoint (*make)();
    std::uint64_t exact;  ///< the least value that the checkpoint fits in
    void (*set)(Limits&, std::uint64_t);
    Condition expected;
};

Checkpoint tables(unsigned models, unsigned optimizers) {
    Checkpoint checkpoint;
    for (unsigned i = 0; i < models; ++i)
        checkpoint.model("m" + std::to_string(i));
    for (unsigned i = 0; i < optimizers; ++i)
        checkpoint.optimizer("o" + std::to_string(i));
    return checkpoint;
}

Checkpoint groups_and_states(unsigned groups, unsigned states) {
    Checkpoint checkpoint;
    OptimizerState& optimizer = checkpoint.optimizer("o");
    optimizer.param_groups.resize(groups);
    for (unsigned i = 0; i < states; ++i)
        optimizer.state[i];
    return checkpoint;
}

Checkpoint entries(unsigned count) {
    Checkpoint checkpoint;
    for (unsigned i = 0; i < count; ++i)
        checkpoint.values()["v" + std::to_string(i)] = nullptr;
    return checkpoint;
}

Checkpoint tensors(unsigned count, bool shared) {
    static const std::vector<std::byte> bytes(1000);
    Checkpoint checkpoint;
    for (unsigned i = 0; i < count; ++i) {
        const StorageView storage{std::span(bytes).subspan(shared ? 0 : i, 8)};
        checkpoint.values()["t" + std::to_string(i)] = TensorView(*find_dtype(Dtype::u8), {8}, storage);
    }
    return checkpoint;
}

void set_tables(Limits& limits, std::uint64_t n) {
    limits.max_tables = n;
}
void set_records(Limits& limits, std::uint64_t n) {
    limits.max_records = n;
}
void set_rank(Limits& limits, std::uint64_t n) {
    limits.max_rank = static_cast<std::uint32_t>(n);
}
void set_name_bytes(Limits& limits, std::uint64_t n) {
    limits.max_name_bytes = static_cast<std::uint32_t>(n);
}
void set_depth(Limits& limits, std::uint64_t n) {
    limits.max_depth = static_cast<std::uint32_t>(n);
}
void set_index_bytes(Limits& limits, std::uint64_t n) {
    limits.max_index_bytes = n;
}

const LimitRow kLimitRows[] = {
    {"models", [] { return tables(5, 0); }, 5, set_tables, Condition::tables},
    {"models and optimizers", [] { return tables(2, 3); }, 5, set_tables, Condition::tables},
    {"groups", [] { return groups_and_states(7, 2); }, 7, set_records, Condition::records},
    {"states", [] { return groups_and_states(2, 7); }, 7, set_records, Condition::records},
    {"entries", [] { return entries(6); }, 6, set_records, Condition::records},
    {"values",
     [] {
         return one_value(List{{1, 2, List{{3, 4}}}});
     },
     6, set_records, Condition::records},
    {"tensors", [] { return tensors(9, true); }, 9, set_records, Condition::records},
    {"storages", [] { return tensors(9, false); }, 9, set_records, Condition::records},
    {"rank",
     [] {
         return one_value(TensorView::of(six_floats(), {1, 2, 1, 3, 1}));
     },
     5, set_rank, Condition::rank},
    {"name",
     [] {
         return null_entries({"short", "a longer name"});
     },
     13, set_name_bytes, Condition::name_bytes},
    {"algorithm",
     [] {
         Checkpoint c;
         c.optimizer("o").algorithm = "eleven byte";
         return c;
     },
     11, set_name_bytes, Condition::name_bytes},
    {"depth", [] { return nested_value(9); }, 9, set_depth, Condition::depth},
    {"depth of attributes",
     [] {
         Dict d;
         d.attributes = {{"a", List{{1}}}};
         return one_value(d);
     },
     4, set_depth, Condition::depth},
    {"depth of nothing", [] { return one_value(nullptr); }, 1, set_depth, Condition::depth},
};

void check_row(const LimitRow& row, const FileBytes& file, std::uint64_t exact) {
    for (const int difference : {-1, 0, 1}) {
        INFO(row.name << ", limit " << exact << (difference < 0 ? " - 1" : difference == 0 ? "" : " + 1"));
        Limits limits;
        row.set(limits, exact + static_cast<std::uint64_t>(difference));
        const auto saved = save_bytes(row.make(), {.limits = limits});
        const auto opened = open_bytes(file, {.limits = limits});
        CHECK(saved.has_value() == (difference >= 0));
        CHECK(opened.has_value() == (difference >= 0));
        if (!saved) CHECK(saved.error().condition() == row.expected);
        if (!opened) CHECK(opened.error().condition() == row.expected);
        if (saved) CHECK((*saved == file));
    }
}

}  // namespace

TEST_CASE("limits: writer and reader agree, one below, at, and one above") {
    for (const LimitRow& row : kLimitRows)
        check_row(row, *save_bytes(row.make()), row.exact);
}

TEST_CASE("limits: bytes of the index") {
    const LimitRow row{"index bytes", [] { return several_optimizers(); }, 0, set_index_bytes,
                       Condition::index_bytes};
    const FileBytes file = *save_bytes(row.make());
    check_row(row, file, last_footer(file)->placement.index_nbytes);
}

TEST_CASE("limits: a rank above 64 is refused whatever the limit") {
    const auto rank = [](std::size_t n) {
        return one_value(TensorView::of(six_floats().first(1), Shape(n, 1)));
    };
    const SaveOptions options{.limits = {.max_rank = 1000}};
    CHECK(save_bytes(rank(64), options));
    CHECK(save_bytes(rank(65), options).error().condition() == Condition::rank);
}

TEST_CASE("limits: bytes that a reader keeps") {
    const FileBytes file = *save_bytes(many_chunks(), {.codec = Codec::zstd});
    const auto read = [&](std::uint64_t limit, std::initializer_list<const char*> names) {
        const auto reader = open_bytes(file, {.limits = {.max_total_bytes = limit}});
        REQUIRE(reader);
        for (const char* name : names) {
            const auto bytes = reader->tensor("model", name)->bytes();
            if (!bytes) return bytes.error().condition() == Condition::total_bytes;
        }
        return false;
    };
    CHECK(read(4999, {"one chunk"}));
    CHECK_FALSE(read(5000, {"one chunk"}));
    CHECK_FALSE(read(5000, {"one chunk", "one chunk"}));
    CHECK(read(5299, {"one chunk", "noise"}));
    CHECK_FALSE(read(5300, {"one chunk", "noise"}));
    CHECK(read(0, {"noise"}));
}

TEST_CASE("limits: a copy into the caller's memory is not counted") {
    const auto reader =
        open_bytes(*save_bytes(many_chunks(), {.codec = Codec::zstd}), {.limits = {.max_total_bytes = 0}});
    REQUIRE(reader);
    std::vector<std::byte> to(5000);
    CHECK(reader->tensor("model", "one chunk")->copy_to(to));
    CHECK(reader->tensor("model", "one chunk")->load());
}

TEST_CASE("limits: a small storage that a large tensor views is not copied") {
    const auto file = open_bytes(*save_bytes(every_shape()));
    REQUIRE(file);
    const auto expanded = file->tensor("shapes", "expanded");
    REQUIRE(expanded);
    CHECK(expanded->load(std::uint64_t{1} << 30U).error().condition() == Condition::total_bytes);
}
