#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <zlib.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "convert/zip/archive.hpp"
#include "convert/zip/archive_writer.hpp"
#include "memory_files.hpp"
#include "outcome.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using convert::Archive;
using convert::ZipEntry;
using convert::ZipMethod;

using Memory = MemorySource;

std::string number(std::uint64_t value, std::size_t nbytes) {
    std::string bytes;
    for (; nbytes > 0; --nbytes, value >>= 8U)
        bytes += static_cast<char>(static_cast<unsigned char>(value));
    return bytes;
}

std::string deflated(std::string_view raw, int level = 6) {
    std::string out(compressBound(raw.size()) + 64, '\0');
    z_stream stream = {};
    REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(raw.data()));
    stream.avail_in = static_cast<uInt>(raw.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

/// An entry to write, with everything that can be wrong with it.
struct Part {
    std::string name;
    std::string raw;
    unsigned method = 0;
    unsigned flags = 0;
    std::string stored = {};               ///< by default as the method has it
    std::string local_name = {};           ///< by default the name
    std::int64_t nbytes_error = 0;         ///< added to the size in the central directory
    std::int64_t local_nbytes_error = 0;   ///< added to the size in the local header
    std::uint32_t crc_error = 0;           ///< added to both CRCs
    std::int64_t place_error = 0;          ///< added to the offset in the central directory
    std::int64_t stored_nbytes_error = 0;  ///< added to both stored sizes
};

std::uint32_t crc_of(std::string_view raw) {
    return static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(raw.data()), static_cast<uInt>(raw.size())));
}

std::string end_record(std::size_t count, std::size_t nbytes, std::size_t at) {
    return "PK\x05\x06" + number(0, 4) + number(count, 2) + number(count, 2) + number(nbytes, 4) +
           number(at, 4) + number(0, 2);
}

std::string zip(const std::vector<Part>& parts) {
    std::string file, directory;
    for (const Part& part : parts) {
        const std::string stored = !part.stored.empty() ? part.stored
                                   : part.method == 8   ? deflated(part.raw)
                                                        : part.raw;
        const std::string local_name = part.local_name.empty() ? part.name : part.local_name;
        const std::uint64_t nbytes = part.raw.size() + static_cast<std::uint64_t>(part.nbytes_error);
        const std::uint64_t stored_nbytes =
            stored.size() + static_cast<std::uint64_t>(part.stored_nbytes_error);
        const std::string begin = number(20, 2) + number(part.flags, 2) + number(part.method, 2) +
                                  number(0, 4) + number(crc_of(part.raw) + part.crc_error, 4) +
                                  number(stored_nbytes, 4);
        directory += "PK\x01\x02" + number(20, 2) + begin + number(nbytes, 4) + number(part.name.size(), 2) +
                     number(0, 12) + number(file.size() + static_cast<std::uint64_t>(part.place_error), 4) +
                     part.name;
        file += "PK\x03\x04" + begin +
                number(nbytes + static_cast<std::uint64_t>(part.local_nbytes_error), 4) +
                number(local_name.size(), 2) + number(0, 2) + local_name + stored;
    }
    const std::size_t at = file.size();
    return file + directory + end_record(parts.size(), directory.size(), at);
}

Result<Archive> opened(std::string content, const Limits& limits = {}) {
    return Archive::open(std::make_shared<Memory>(std::move(content)), limits);
}

std::string outcome(const std::vector<Part>& parts) {
    return testing::outcome(opened(zip(parts)));
}

Result<std::string> content_of(const Source& source, std::size_t step = SIZE_MAX) {
    std::string content(static_cast<std::size_t>(*source.size()), '\0');
    for (std::size_t at = 0; at < content.size();) {
        const std::size_t count = std::min(step, content.size() - at);
        MILEPOST_TRY(source.read(at, std::as_writable_bytes(std::span(content)).subspan(at, count)));
        at += count;
    }
    return content;
}

}  // namespace

TEST_CASE("zip: entries are found, and have their bytes") {
    const std::string large = pattern(3'000'000, 1), soft(3'000'000, 'a');
    const auto archive = opened(zip({{"a/one", large}, {"", "nameless"}, {"two", soft, 8}, {"\xff", ""}}));
    REQUIRE(archive);
    REQUIRE(archive->entries().size() == 4);
    CHECK(archive->entries()[0].name == "a/one");
    CHECK(archive->entries()[2].method == ZipMethod::deflated);
    CHECK(archive->entries()[2].nbytes == soft.size());
    CHECK(archive->entries()[2].stored_nbytes < 10'000);
    CHECK(archive->find("a") == nullptr);
    for (const auto& [name, content] :
         {std::pair("a/one", large), {"", "nameless"}, {"two", soft}, {"\xff", ""}}) {
        const ZipEntry* entry = archive->find(name);
        REQUIRE(entry != nullptr);
        const auto source = archive->source(*entry);
        for (const std::size_t step : {SIZE_MAX, std::size_t{100'000}})
            CHECK((*content_of(*source, step) == content));
        std::byte beyond;
        CHECK(source->read(content.size(), std::span(&beyond, 1)).error().condition() == Condition::read);
        CHECK(source->read(content.size(), {}));
    }
    CHECK(outcome(std::vector<Part>()) == "good");
}

TEST_CASE("zip: a file that was cut is truncated, wherever it was") {
    const std::string whole = zip({{"one", pattern(500, 1)}, {"two", std::string(500, 'x'), 8}});
    for (std::size_t nbytes = 4; nbytes < whole.size(); ++nbytes) {
        CAPTURE(nbytes);
        const auto part = opened(whole.substr(0, nbytes));
        REQUIRE(!part);
        CAPTURE(part.error().message());
        CHECK(outcome(part) == "truncated/cut");
    }
    const auto cut = opened(whole.substr(0, 100));
    CHECK(cut.error().message().find("100 bytes") != std::string::npos);
}

TEST_CASE("zip: bytes before or after the archive are refused") {
    const std::string whole = zip({{"one", "1"}});
    CHECK(outcome(opened(whole)) == "good");
    CHECK(outcome(opened(whole + '\0')) == "corrupt/foreign");
    CHECK(outcome(opened('\0' + whole)) == "corrupt/foreign");
    CHECK(outcome(opened(whole + whole)) == "corrupt/foreign");
    std::string commented = whole + "comment";
    commented[whole.size() - 2] = 7;
    CHECK(outcome(opened(commented)) == "good");
}

TEST_CASE("zip: entries that contradict themselves or each other are refused") {
    CHECK(outcome({{"one", "1"}, {"one", "2"}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .local_name = "two"}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .local_name = "three"}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .nbytes_error = 1}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .local_nbytes_error = 1}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .flags = 8, .local_nbytes_error = 1}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .flags = 8, .local_nbytes_error = -1}}) == "good");
    CHECK(outcome({{"one", "1"}, {.name = "two", .raw = "2", .place_error = -1}}) == "corrupt/foreign");
    CHECK(outcome({{"one", "1"}, {.name = "two", .raw = "2", .place_error = -34}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "", .crc_error = 1}}) == "corrupt/foreign_checksum");
    // Stored bytes that reach into the next entry, into the central directory and beyond the file.
    CHECK(outcome({{.name = "one", .raw = "1", .method = 8, .stored_nbytes_error = 1}, {"two", "2"}}) ==
          "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .method = 8, .stored_nbytes_error = 1}}) == "corrupt/foreign");
    CHECK(outcome({{.name = "one", .raw = "1", .method = 8, .stored_nbytes_error = 1000}}) ==
          "corrupt/foreign");
}

TEST_CASE("zip: an entry in another one is refused") {
    const std::string inner = zip({{"two", "2"}});
    std::string file = zip({{"one", inner}});
    const std::size_t directory = file.find("PK\x01\x02", 30 + 3 + inner.size());
    std::string second = inner.substr(inner.find("PK\x01\x02"), 46 + 3);
    second.replace(42, 4, number(33, 4));
    file = file.substr(0, directory) + file.substr(directory, 49) + second + end_record(2, 98, directory);
    const auto archive = opened(file);
    REQUIRE(!archive);
    CHECK(archive.error().message().find("zip entry two at 33 begins before the end of another entry") !=
          std::string::npos);
}

TEST_CASE("zip: what is not read here is named") {
    CHECK(outcome({{.name = "one", .raw = "1", .flags = 1}}) == "unsupported/feature");
    const auto lzma = opened(zip({{.name = "on\ne", .raw = "1", .method = 14}}));
    REQUIRE(!lzma);
    CHECK(lzma.error().to_string() ==
          "unsupported/feature: zip entry on\\u{a}e has compression method 14, not stored or deflated");
}

TEST_CASE("zip: limits at -1, 0, +1") {
    const std::string file = zip({{"one", "1"}, {"two", "2"}});
    Limits limits;
    for (const auto& [records, expected] :
         {std::pair(1U, "limit_exceeded/records"), {2U, "good"}, {3U, "good"}}) {
        limits.max_records = records;
        CHECK(outcome(opened(file, limits)) == expected);
    }
    constexpr std::uint64_t kDirectory = 2 * (46 + 3);
    for (const auto& [nbytes, expected] : {std::pair(kDirectory - 1, "limit_exceeded/index_bytes"),
                                           {kDirectory, "good"},
                                           {kDirectory + 1, "good"}}) {
        limits.max_index_bytes = nbytes;
        CHECK(outcome(opened(file, limits)) == expected);
    }
    // The number of entries is checked before they are counted.
    std::string many = zip({{"one", "1"}});
    many.replace(many.size() - 14, 4, number(0xfffefffe, 4));
    CHECK(outcome(opened(many)) == "corrupt/foreign");
}

TEST_CASE("zip: no byte of a stored entry is handed out before its CRC was compared") {
    std::string file = zip({{"one", pattern(3'000'000, 1)}});
    file[2'999'999 + 33] ^= 1;
    const auto archive = opened(file);
    REQUIRE(archive);
    const auto source = archive->source(archive->entries()[0]);
    std::byte first;
    for (int i = 0; i < 2; ++i) {
        const auto read = source->read(0, std::span(&first, 1));
        REQUIRE(!read);
        CHECK(read.error().condition() == Condition::foreign_checksum);
    }
}

TEST_CASE("zip: a stored entry is checked once, and after a failed read again") {
    const auto memory = std::make_shared<Memory>(zip({{"one", pattern(3'000'000, 1)}}));
    const auto archive = Archive::open(memory, {});
    REQUIRE(archive);
    const auto source = archive->source(archive->entries()[0]);
    std::byte byte;
    memory->failing = true;
    CHECK(source->read(0, std::span(&byte, 1)).error().condition() == Condition::read);
    memory->failing = false;
    memory->count = 0;
    CHECK(source->read(0, std::span(&byte, 1)));
    CHECK(memory->count == 3'000'001);
    CHECK(source->read(5, std::span(&byte, 1)));
    CHECK(memory->count == 3'000'002);
}

TEST_CASE("zip: deflated bytes that are damaged, too short or too long are refused at the last byte") {
    const std::string raw = pattern(700'000, 1);
    const auto outcome_of = [](const Part& part) {
        const auto archive = opened(zip({part}));
        REQUIRE(archive);
        const auto source = archive->source(archive->entries()[0]);
        const auto content = content_of(*source, 4096);
        const auto again = content_of(*source);
        CHECK(content.has_value() == again.has_value());
        return content ? "good" : std::string(name(content.error().condition()));
    };
    CHECK(outcome_of({"one", raw, 8}) == "good");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .crc_error = 1}) == "foreign_checksum");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .nbytes_error = 1}) == "foreign");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .nbytes_error = -1}) == "foreign");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .stored = deflated(raw) + "x"}) == "foreign");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .stored = deflated(raw).substr(0, 600'000)}) ==
          "foreign");
    CHECK(outcome_of({.name = "one", .raw = raw, .method = 8, .stored = "\xff\xff" + deflated(raw)}) ==
          "foreign");
    const std::string zeros(4'000'000, '\0');
    CHECK(outcome_of({"one", zeros, 8}) == "good");
}

TEST_CASE("zip: what no deflated stream can become is refused when it is opened") {
    CHECK(outcome({{.name = "one", .raw = "", .method = 8, .stored = "xx", .nbytes_error = 1032 * 3 - 1}}) ==
          "good");
    CHECK(outcome({{.name = "one", .raw = "", .method = 8, .stored = "xx", .nbytes_error = 1032 * 3}}) ==
          "corrupt/foreign");
}

TEST_CASE("zip: threads that read a deflated entry in order inflate it once") {
    std::string raw = pattern(20'000'000, 3);  // longer than the window of an inflater
    for (std::size_t i = 0; i < raw.size(); i += 2)
        raw[i] = 'x';
    const auto memory = std::make_shared<Memory>(zip({{"one", raw, 8}}));
    const auto archive = Archive::open(memory, {});
    REQUIRE(archive);
    const auto source = archive->source(archive->entries()[0]);
    constexpr std::size_t kChunk = 1 << 20;
    std::string content(raw.size(), '\0');
    std::atomic<std::size_t> next = 0;
    memory->count = 0;
    const auto run = [&] {
        for (std::size_t at = kChunk * next++; at < raw.size(); at = kChunk * next++) {
            const std::size_t count = std::min(kChunk, raw.size() - at);
            CHECK(source->read(at, std::as_writable_bytes(std::span(content)).subspan(at, count)));
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back(run);
    for (std::thread& thread : threads)
        thread.join();
    CHECK((content == raw));
    CHECK(memory->count == archive->entries()[0].stored_nbytes);
    // Before the window it starts again, and has the same bytes.
    std::array<std::byte, 5> bytes;
    CHECK(source->read(raw.size() - 5, bytes));
    CHECK(source->read(3, bytes));
    CHECK(std::memcmp(bytes.data(), raw.data() + 3, 5) == 0);
}

TEST_CASE("zip: errors of the file are its own") {
    const auto memory = std::make_shared<Memory>(zip({{"one", "1"}}));
    memory->failing = true;
    const auto archive = Archive::open(memory, {});
    CHECK(archive.error().condition() == Condition::read);
}

namespace {

std::string written(const std::vector<std::pair<std::string, std::string>>& entries) {
    MemorySink sink;
    convert::ArchiveWriter writer(sink);
    for (const auto& [name, content] : entries) {
        REQUIRE(writer.begin(name, content.size()));
        for (std::size_t at = 0; at < content.size(); at += 1000)
            REQUIRE(writer.write(milepost::testing::bytes_of(std::string_view(content).substr(at, 1000))));
        REQUIRE(writer.end());
    }
    REQUIRE(writer.finish());
    return sink.content;
}

/// A sink of terabytes: it keeps the bytes of headers, which are written apart, and where they were.
class Headers final : public Sink {
public:
    Result<void> write(std::span<const std::byte> bytes) override {
        if (bytes.size() < 1 << 20)
            kept.emplace_back(position,
                              std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        position += bytes.size();
        return {};
    }
    Result<void> commit() override { return {}; }

    std::uint64_t position = 0;
    std::vector<std::pair<std::uint64_t, std::string>> kept;
};

/// The file that was written to Headers, zeros between them.
class Sparse final : public Source {
public:
    explicit Sparse(const Headers& headers) : headers_(headers) {}
    Result<std::uint64_t> size() const override { return headers_.position; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        std::memset(to.data(), 0, to.size());
        for (const auto& [at, bytes] : headers_.kept) {
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                if (at + i >= offset && at + i - offset < to.size())
                    to[static_cast<std::size_t>(at + i - offset)] = static_cast<std::byte>(bytes[i]);
            }
        }
        return {};
    }

private:
    const Headers& headers_;
};

}  // namespace

TEST_CASE("zip: what is written is read, and begins at multiples of 64") {
    std::vector<std::pair<std::string, std::string>> entries;
    for (std::size_t i = 0; i < 200; ++i)
        entries.emplace_back("data/" + std::string(i, 'n'), pattern(i * 37, static_cast<unsigned>(i)));
    const std::string file = written(entries);
    CHECK((file == written(entries)));
    const auto archive = opened(file);
    REQUIRE(archive);
    REQUIRE(archive->entries().size() == entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const ZipEntry& entry = archive->entries()[i];
        CHECK(entry.name == entries[i].first);
        CHECK(entry.offset % 64 == 0);
        CHECK((*content_of(*archive->source(entry)) == entries[i].second));
    }
    CHECK(opened(written({})));
    MemorySink sink;
    convert::ArchiveWriter writer(sink);
    CHECK(writer.begin(std::string(65'535, 'n'), 0));
    CHECK(writer.begin(std::string(65'536, 'n'), 0).error().condition() == Condition::save_name);
}

TEST_CASE("zip: every byte of an archive that is flipped is noticed, or is not used") {
    const std::vector<std::pair<std::string, std::string>> entries = {{"one", pattern(100, 1)},
                                                                      {"two", pattern(50, 2)}};
    const std::string file = written(entries);
    for (std::size_t at = 0; at < file.size(); ++at) {
        CAPTURE(at);
        std::string damaged = file;
        damaged[at] ^= 0x55;
        const auto archive = opened(damaged);
        if (!archive) continue;
        for (const auto& [name, content] : entries) {
            const ZipEntry* entry = archive->find(name);
            if (entry == nullptr) continue;
            const auto read = content_of(*archive->source(*entry));
            if (read) CHECK((*read == content));
        }
    }
}

TEST_CASE("zip: sizes, offsets and counts beyond 32 and 16 bits") {
    Headers headers;
    convert::ArchiveWriter writer(headers);
    const std::vector<std::byte> block(std::size_t{1} << 28U);
    const std::vector<std::uint64_t> sizes = {0xffffffff, 5};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        REQUIRE(writer.begin("entry" + std::to_string(i), sizes[i]));
        for (std::uint64_t left = sizes[i]; left > 0;) {
            const std::uint64_t count = std::min<std::uint64_t>(left, block.size());
            REQUIRE(writer.write(std::span(block).first(static_cast<std::size_t>(count))));
            left -= count;
        }
        REQUIRE(writer.end());
    }
    REQUIRE(writer.finish());
    const auto archive = Archive::open(std::make_shared<Sparse>(headers), {});
    REQUIRE_MESSAGE(archive, archive.error().message());
    REQUIRE(archive->entries().size() == sizes.size());
    for (std::size_t i = 0; i < sizes.size(); ++i)
        CHECK(archive->entries()[i].nbytes == sizes[i]);

    for (const std::uint64_t nbytes : {0xfffffffeU, 0xffffffffU}) {
        MemorySink sink;
        convert::ArchiveWriter begun(sink);
        REQUIRE(begun.begin("entry", nbytes));
        CHECK(sink.content[4] == (nbytes < 0xffffffffU ? 20 : 45));  // the version that a reader needs
    }

    std::vector<std::pair<std::string, std::string>> entries;
    for (const std::size_t count : {65'534U, 65'535U, 65'536U}) {
        while (entries.size() < count)
            entries.emplace_back(std::to_string(entries.size()), "");
        const auto many = opened(written(entries));
        REQUIRE(many);
        CHECK(many->entries().size() == count);
        CHECK(many->find(std::to_string(count - 1)) != nullptr);
    }
}
