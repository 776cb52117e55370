#include <doctest/doctest.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include <milepost/text.hpp>

#include "golden/golden_files.hpp"
#include "golden/rows.hpp"
#include "golden/vectors.hpp"
#include "support/verdict.hpp"

// The committed files: each is what make_golden makes, and answers what README.md says, however it is opened.
namespace {

namespace fs = std::filesystem;
using namespace milepost;
using namespace milepost::golden;

const fs::path kFolder = MILEPOST_GOLDEN_FOLDER;
constexpr unsigned kZstdOfTheFiles = 10504;  // as README.md says

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

FileBytes read_bytes(const fs::path& path) {
    const std::string text = read_text(path);
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

const std::vector<GoldenFile>& golden_files() {
    static const std::vector<GoldenFile> files = make_golden_files();
    return files;
}

struct Way {
    std::string_view name;
    Access access;
    bool source;
    unsigned threads;
};

constexpr Way kWays[] = {
    {"mapped, 1 thread", Access::mapped, false, 1}, {"mapped, 4 threads", Access::mapped, false, 4},
    {"read, 1 thread", Access::read, false, 1},     {"read, 4 threads", Access::read, false, 4},
    {"source, 1 thread", Access::read, true, 1},    {"source, 4 threads", Access::read, true, 4},
};

Result<Reader> open(const fs::path& path, const Way& way, const Limits& limits) {
    OpenOptions options;
    options.access = way.access;
    options.threads = way.threads;
    options.limits = limits;
    return way.source ? open_bytes(read_bytes(path), options) : Reader::open(path.string(), options);
}

/// Whether the text may be put on a terminal as it is.
bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const Character first = first_character(text);
        if (!first.valid || is_hidden(first.code_point)) return false;
        text.remove_prefix(first.nbytes);
    }
    return true;
}

/// Hashes of all storages: what stays the same under another version of zstd.
std::vector<Checksum128> content_of(const FileBytes& file) {
    std::vector<Checksum128> hashes;
    if (const auto reader = open_bytes(file)) {
        for (const StorageInfo& storage : reader->storages())
            hashes.push_back(storage.content_hash);
    }
    return hashes;
}

bool is_same(const GoldenFile& made, const FileBytes& stored) {
    if (made.bytes == stored) return true;
    const bool other_zstd = ZSTD_versionNumber() != kZstdOfTheFiles && depends_on_zstd(made.name);
    return other_zstd && content_of(made.bytes) == content_of(stored);
}

SaveOptions options_of(const Reader& file, std::string_view name) {
    SaveOptions options;
    options.alignment = file.alignment();
    const auto storages = file.storages();
    std::set<Codec> codecs;
    for (const StorageInfo& storage : storages)
        codecs.insert(storage.codec);
    if (!codecs.empty()) options.codec = codecs.size() > 1 ? Codec::automatic : *codecs.begin();
    if (codecs.count(Codec::planes) != 0) options.codec = Codec::planes;
    if (name == "good-planes-smallest.milepost") options.codec = Codec::smallest;
    return options;
}

/// What this library's save would not write.
bool is_of_another_writer(std::string_view name) {
    constexpr std::string_view kNames[] = {"good-optional-flags.milepost",
                                           "good-newer-revision.milepost",
                                           "good-hand-made-frame.milepost",
                                           "good-frame-sequence.milepost",
                                           "good-storages-in-another-order.milepost",
                                           "good-planes-one-value.milepost",
                                           "good-planes-code.milepost",
                                           "good-planes-packed.milepost",
                                           "good-planes-half-a-word.milepost"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

TEST_CASE("golden: the folder holds the files that make_golden writes, and no others") {
    std::set<std::string> expected;
    for (const GoldenFile& file : golden_files())
        CHECK_MESSAGE(expected.insert(file.name).second, file.name, " twice");
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator(kFolder / "files"))
        found.insert(entry.path().filename().string());
    CHECK(found == expected);
}

TEST_CASE("golden: each file is made again byte for byte") {
    for (const GoldenFile& file : golden_files()) {
        INFO(file.name);
        CHECK(is_same(file, read_bytes(kFolder / "files" / file.name)));
    }
}

TEST_CASE("golden: README.md lists what make_golden knows") {
    CHECK(read_text(kFolder / "README.md") == make_readme(golden_files()));
}

TEST_CASE("golden: vectors.json lists what make_golden knows") {
    CHECK(read_text(kFolder / "vectors.json") == make_vectors(golden_files()));
}

TEST_CASE("golden: each file answers what README.md says, however it is opened") {
    for (const GoldenFile& file : golden_files()) {
        for (const Way& way : kWays) {
            INFO(file.name << ", " << way.name);
            CHECK(verdict_of(open(kFolder / "files" / file.name, way, limits_of(file.limits)), way.threads) ==
                  file.expected);
        }
    }
}

TEST_CASE("golden: a file that a limit refuses is sound without it") {
    for (const GoldenFile& file : golden_files()) {
        if (file.limits.empty()) continue;
        INFO(file.name);
        CHECK(verdict_of(open_bytes(file.bytes), 1) == "ok");
    }
}

TEST_CASE("golden: load and save give the same bytes") {
    for (const GoldenFile& file : golden_files()) {
        if (file.expected != "ok" || is_of_another_writer(file.name)) continue;
        INFO(file.name);
        const auto reader = open_bytes(file.bytes);
        REQUIRE(reader);
        const auto saved = save_bytes(*reader->checkpoint(), options_of(*reader, file.name));
        REQUIRE(saved);
        CHECK(*saved == file.bytes);
    }
}

TEST_CASE("golden: every rule of section 6.5 has a file") {
    std::set<std::string> covered;
    for (const GoldenFile& file : golden_files())
        covered.insert(file.where);
    for (int rule = 1; rule <= 41; ++rule)
        CHECK_MESSAGE(covered.count("rule " + std::to_string(rule)) == 1, "rule ", rule);
}

TEST_CASE("golden: messages are short, printable, and say something") {
    for (const GoldenFile& file : golden_files()) {
        OpenOptions options;
        options.limits = limits_of(file.limits);
        const auto reader = open_bytes(file.bytes, options);
        if (reader) continue;
        const std::string& message = reader.error().message();
        INFO(file.name << ": " << message);
        CHECK(message.size() >= 10);
        CHECK(message.size() <= 1000);
        CHECK(is_printable(message));
    }
}

TEST_CASE("golden: optional flags are reported") {
    const auto reader = Reader::open((kFolder / "files" / "good-optional-flags.milepost").string());
    REQUIRE(reader);
    CHECK(reader->unknown_optional_flags() == (std::uint64_t{1} << 63U | 1));
}

TEST_CASE("golden: the canonical form of a newer revision is not checked, and the report says so") {
    for (const std::string_view name : {"good-optional-flags.milepost", "good-newer-revision.milepost"}) {
        const auto reader = Reader::open((kFolder / "files" / name).string());
        REQUIRE(reader);
        const auto report = verify(*reader);
        REQUIRE(report);
        CHECK(report->ok());
        CHECK_FALSE(report->canonical_form_checked);
    }
    const auto reader = Reader::open((kFolder / "files" / "good-small.milepost").string());
    REQUIRE(reader);
    CHECK(verify(*reader)->canonical_form_checked);
}

TEST_CASE("golden: a damaged copy A is a warning") {
    const auto reader = Reader::open((kFolder / "files" / "bad-copy-a.milepost").string());
    REQUIRE(reader);
    REQUIRE(reader->warnings().size() == 1);
    CHECK(reader->warnings().front().condition() == Condition::index_copy);
}

TEST_CASE("golden: an unknown dtype lists, and gives bytes but no elements") {
    const auto reader = Reader::open((kFolder / "files" / "good-unknown-dtype.milepost").string());
    REQUIRE(reader);
    const auto narrow = reader->tensor("narrow");
    REQUIRE(narrow);
    CHECK(narrow->dtype().name == "u3");
    REQUIRE(narrow->bytes());
    CHECK(narrow->bytes()->size() == 3);
    CHECK(narrow->as<float>().error().condition() == Condition::dtype);
}
