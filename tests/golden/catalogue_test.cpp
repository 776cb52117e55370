#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "golden/rows.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// Every row of the catalogue, golden or not; and for those that change the index, the same bytes without
// right checksums.
namespace {

using namespace milepost;
using namespace milepost::golden;

std::string verdict(const FileBytes& file, const Limits& limits = {}, unsigned threads = 1) {
    OpenOptions options;
    options.limits = limits;
    options.threads = threads;
    return verdict_of(open_bytes(file, options), threads);
}

std::string mapped_verdict(const std::string& path, const FileBytes& file, const Limits& limits,
                           Access access) {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    OpenOptions options;
    options.access = access;
    options.limits = limits;
    return verdict_of(Reader::open(path, options), 4);
}

void check_each_way(const std::string& scratch, const FileBytes& file, const Limits& limits,
                    std::string_view expected) {
    CHECK(verdict(file, limits, 1) == expected);
    CHECK(verdict(file, limits, 4) == expected);
    CHECK(mapped_verdict(scratch, file, limits, Access::mapped) == expected);
    CHECK(mapped_verdict(scratch, file, limits, Access::read) == expected);
}

/// The file before the edit, with the edited index in the chosen copies and the checksums as they were;
/// nothing if it has another size.
std::optional<FileBytes> unsealed(const Row& row, bool copy_a, bool copy_b) {
    Row unedited = row;
    unedited.edit = nullptr;
    FileBytes file = make_file(unedited);
    const auto edited = make_parts(row).columns.index().encode({});
    const auto placement = last_footer(file)->placement;
    if (row.edit == nullptr || edited->size() != placement.index_nbytes) return std::nullopt;
    const auto at_a = static_cast<std::size_t>(placement.index_offset),
               at_b = static_cast<std::size_t>(placement.copy_b());
    if (std::memcmp(&file[at_a], edited->data(), edited->size()) == 0) return std::nullopt;
    if (copy_a) std::memcpy(&file[at_a], edited->data(), edited->size());
    if (copy_b) std::memcpy(&file[at_b], edited->data(), edited->size());
    return file;
}

bool changes_index(const Row& row) {
    return row.edit != nullptr && row.where.starts_with("rule");
}

}  // namespace

TEST_CASE("catalogue: all checksums right, the rule decides") {
    const testing::ScratchFolder folder;
    for (const Row& row : all_rows()) {
        INFO(row.where << ", " << row.name);
        check_each_way(folder / "file", make_file(row), limits_of(row.limits), row.expected);
    }
}

TEST_CASE("catalogue: the message names the rule that is broken") {
    int refused = 0;
    for (const Row& row : all_rows()) {
        if (!row.where.starts_with("rule") || row.expected == "ok") continue;
        INFO(row.where << ", " << row.name);
        OpenOptions options;
        options.limits = limits_of(row.limits);
        const auto file = open_bytes(make_file(row), options);
        REQUIRE_FALSE(file);
        CHECK(file.error().message().ends_with(" (" + std::string(row.where) + ")"));
        ++refused;
    }
    CHECK(refused >= 100);
}

TEST_CASE("catalogue: whole files") {
    const testing::ScratchFolder folder;
    for (const auto table : {good_rows(), file_layout_rows(), index_rows()}) {
        for (const FileRow& row : table) {
            INFO(row.where << ", " << row.name);
            check_each_way(folder / "file", row.make(), {}, row.expected);
        }
    }
}

TEST_CASE("catalogue: the same changes without right checksums are found by the checksums") {
    int compared = 0;
    for (const Row& row : all_rows()) {
        const auto both = changes_index(row) ? unsealed(row, true, true) : std::nullopt;
        if (!both) continue;
        INFO(row.where << ", " << row.name);
        ++compared;
        CHECK(verdict(*both) == "corrupt/index_checksum");
        CHECK(verdict(*unsealed(row, true, false)) == "verify corrupt/index_copy");
        CHECK(verdict(*unsealed(row, false, true)) == "verify corrupt/index_copy");
    }
    CHECK(compared >= 60);
}

TEST_CASE("catalogue: reseal makes header, index copies and footers right again") {
    for (const FileRow& row : good_rows()) {
        INFO(row.name);
        const FileBytes good = row.make();
        FileBytes file = good;
        reseal(file);
        CHECK(file == good);
        const auto placement = last_footer(file)->placement;
        file[50] ^= std::byte{1};
        file[static_cast<std::size_t>(placement.footer_a()) + 50] ^= std::byte{1};
        file[static_cast<std::size_t>(placement.copy_b())] ^= std::byte{1};
        file[file.size() - 1] ^= std::byte{1};
        reseal(file);
        CHECK(file == good);
    }
}

TEST_CASE("catalogue: taken apart and built again, a canonical file is the same") {
    for (const FileRow& row : good_rows()) {
        INFO(row.name);
        const FileBytes good = row.make();
        const auto parts = take_apart(good);
        REQUIRE(parts);
        CHECK(build(*parts) == good);
    }
}

TEST_CASE("catalogue: the names of rows differ") {
    std::vector<std::string> names;
    for (const Row& row : all_rows())
        names.emplace_back(row.name);
    for (const FileRow& row : all_file_rows())
        names.emplace_back(row.name);
    for (const FileRow& row : good_rows())
        names.emplace_back(row.name);
    std::sort(names.begin(), names.end());
    CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}
