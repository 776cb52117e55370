#include "golden/golden_files.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "golden/rows.hpp"

namespace milepost::golden {
namespace {

constexpr std::string_view kIntroduction = R"(# Golden files

`make_golden` writes these files, and this page tells what a reader must answer. `vectors.json` has the same list for programs,
with checksums and canonical keys (docs/format.md, appendix C). A test compares every byte of all of them with what `make_golden`
makes. After a change that is meant: `ninja -C build tests/golden/make_golden && build/tests/golden/make_golden tests/golden`.

- *Expected*: `ok`, the file opens and verifies clean; `code/condition`, opening is refused so; `verify code/condition`, the file opens, and
  verifying finds exactly this one damage.
- *Limits*: what the file is opened with in place of the defaults. Without them it is sound.
- `where`: the section of `docs/format.md`, or the rule of its section 6.5, that decides.

Files with a compressed chunk made by zstd depend on its version. They were written with zstd 1.5.4; under another version their content is compared.

)";

std::string prefix_of(std::string_view expected, std::string_view limits) {
    if (!limits.empty()) return "limit-";
    if (expected == "ok") return "good-";
    return expected.starts_with("unsupported/") ? "unsupported-" : "bad-";
}

GoldenFile make(const Row& row) {
    return {prefix_of(row.expected, row.limits) + std::string(row.name) + ".milepost",
            std::string(row.where),
            std::string(row.expected),
            std::string(row.limits),
            std::string(row.about),
            make_file(row)};
}

GoldenFile make(const FileRow& row) {
    return {prefix_of(row.expected, {}) + std::string(row.name) + ".milepost",
            std::string(row.where),
            std::string(row.expected),
            {},
            std::string(row.about),
            row.make()};
}

template <class Rows>
void add(std::vector<GoldenFile>& files, const Rows& rows) {
    for (const auto& row : rows) {
        if (!row.about.empty()) files.push_back(make(row));
    }
}

}  // namespace

std::vector<GoldenFile> make_golden_files() {
    std::vector<GoldenFile> files;
    add(files, good_rows());
    add(files, all_file_rows());
    add(files, all_rows());
    return files;
}

std::string make_readme(const std::vector<GoldenFile>& files) {
    std::string text(kIntroduction);
    text += "| file | expected | limits | where | what it is |\n|---|---|---|---|---|\n";
    for (const GoldenFile& file : files) {
        text += "| " + file.name + " | " + file.expected + " | " + file.limits + " | " + file.where + " | " +
                file.about + " |\n";
    }
    return text;
}

bool depends_on_zstd(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 4> kNames = {
        "good-zstd-chunks.milepost", "good-automatic.milepost", "bad-rule35-ratio.milepost",
        "bad-rule37-off-its-page.milepost"};
    return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace milepost::golden
