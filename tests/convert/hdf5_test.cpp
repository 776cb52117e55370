// HDF5 files that are read: hostile ones, which are made here byte by byte, and damaged ones of h5py.
// check_hdf5.py compares what becomes of whole files.

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "hdf5_given.hpp"
#include "support/scratch.hpp"

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_literals;

namespace {

std::string fixture(const std::string& name) {
    return read_file(MILEPOST_SOURCE_ROOT "/tests/convert/files/hdf5/" + name);
}

std::string hdf5_verdict(const std::string& bytes, const Limits& limits = {}) {
    return GivenHdf5(bytes, limits).verdict;
}

/// A file with one dataset, whose header has these messages.
std::string file_with(const std::vector<Hdf5Message>& messages) {
    Hdf5File file;
    return file.bytes_of(file.object(messages));
}

}  // namespace

TEST_CASE("hdf5: a file made by hand is read") {
    Hdf5File file;
    const std::uint64_t floats = file.floats(3);
    const GivenHdf5 given(
        file.bytes(file.object({hdf5_link("b", floats), hdf5_link("a", floats),
                                hdf5_attribute("n", hdf5_i32(), hdf5_space({}), le(7, 4))})));
    REQUIRE(given.verdict == "ok");
    CHECK(given.checkpoint.order() == std::vector<std::string>{"model", "attributes", "milepost.python"});
    CHECK(to_string(*given.checkpoint.values().find("attributes")) == "{'/': {'n': 7}}");
    CHECK(given.tensor("a").shape() == Shape{3});
    CHECK(given.tensor("a").storage() == given.tensor("b").storage());
    CHECK(given.checkpoint.models()[0].second.begin()->first == "a");
    CHECK(given.read_all() == "ok");
}

TEST_CASE("hdf5: sniffed after a block of the user, and never written") {
    const ScratchFolder folder;
    write_file(folder / "x.bin", fixture("user_block.h5"));
    CHECK(*sniff(folder / "x.bin") == FileFormat::hdf5);
    ExportOptions options;
    options.format = FileFormat::hdf5;
    const auto written = export_file(folder / "y.h5", Checkpoint(), options);
    REQUIRE(!written);
    CHECK(written.error().condition() == Condition::feature);
}

TEST_CASE("hdf5: a block of the user that was put in front later, or taken away") {
    const std::string whole = fixture("v108.h5");
    CHECK(hdf5_verdict(std::string(512, '#') + whole) == "ok");
    CHECK(hdf5_verdict(std::string(2048, '#') + whole) == "ok");
    CHECK(hdf5_verdict(std::string(500, '#') + whole) == "not_a_checkpoint/magic");
    CHECK(hdf5_verdict(std::string(512, '#') + whole.substr(0, whole.size() - 1)) == "truncated/cut");
    CHECK(hdf5_verdict(fixture("user_block.h5").substr(1024)) == "ok");
}

TEST_CASE("hdf5: an attribute whose datatype is that of a dataset") {
    Hdf5File file;
    const std::uint64_t floats = file.floats(1);
    Hdf5Message attribute{12, ""};
    attribute.data = le(2, 1) + le(1, 1) + le(2, 2) + le(10, 2) + le(8, 2) + "a"s + le(0, 1) + le(2, 1) +
                     le(2, 1) + le(floats, 8) + hdf5_space({}) + le(7, 4);
    const GivenHdf5 given(file.bytes(file.object({hdf5_link("x", floats), attribute})));
    CHECK(given.verdict == "corrupt/foreign");
    CHECK(given.says("it is not a datatype"));
}

TEST_CASE("hdf5: a file that is cut is truncated, wherever") {
    for (const char* name : {"empty.h5", "user_block_latest.h5", "v108.h5"}) {
        const std::string whole = fixture(name);
        CAPTURE(name);
        REQUIRE(hdf5_verdict(whole) == "ok");
        for (std::size_t size = 0; size < whole.size(); size += size < 1200 ? 1 : 61) {
            const std::string verdict = hdf5_verdict(whole.substr(0, size));
            CAPTURE(size);
            CHECK((verdict == "truncated/cut" || verdict == "not_a_checkpoint/magic"));
        }
        CHECK(hdf5_verdict(whole + "trailing") == "ok");
    }
}

TEST_CASE("hdf5: no flipped bit does more than an error, and checksums find those of structures") {
    std::size_t found = 0, tried = 0;
    for (const char* name : {"empty.h5", "user_block_latest.h5", "v108.h5", "ordered.h5"}) {
        const std::string whole = fixture(name);
        for (std::size_t at = 0; at < whole.size(); at += 3) {
            std::string damaged = whole;
            damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 0xff : 1 << at % 8));
            const GivenHdf5 given(damaged);
            if (given.verdict == "ok") static_cast<void>(given.read_all());
            ++tried;
            found += static_cast<std::size_t>(given.verdict == "corrupt/foreign_checksum");
        }
    }
    CHECK(found > tried / 10);
}

TEST_CASE("hdf5: a changed link or attribute in a heap is found by the checksum of its block") {
    const std::string whole = fixture("many_latest.h5");
    std::size_t blocks = 0;
    for (std::size_t at = whole.find("FHDB"); at != std::string::npos; at = whole.find("FHDB", at + 1)) {
        CAPTURE(at);
        std::string damaged = whole;
        damaged[at + 26] = static_cast<char>(damaged[at + 26] ^ 1);  // of the first object
        CHECK(hdf5_verdict(damaged) == "corrupt/foreign_checksum");
        ++blocks;
    }
    CHECK(blocks > 5);
}

TEST_CASE("hdf5: groups that contain themselves, or are reached twice") {
    Hdf5File file;
    const std::uint64_t own = file.next();
    const GivenHdf5 cycle(file.bytes(file.object({hdf5_link("x", own)})));
    CHECK(cycle.verdict == "unsupported/feature");
    CHECK(cycle.says("HDF5 object x: a group that has another path"));
    Hdf5File other;
    const std::uint64_t group = other.object({hdf5_link("f", other.floats(1))});
    CHECK(GivenHdf5(other.bytes(other.object({hdf5_link("a", group), hdf5_link("b", group)})))
              .says("object b: a group"));
}

TEST_CASE("hdf5: names that no member can have") {
    for (const std::string& name : {""s, "."s, "a/b"s, "a\nb"s, "\xff"s}) {
        Hdf5File file;
        const std::uint64_t floats = file.floats(1);
        CAPTURE(name);
        CHECK(hdf5_verdict(file.bytes(file.object({hdf5_link(name, floats)}))) == "corrupt/foreign");
    }
    Hdf5File file;
    const std::uint64_t floats = file.floats(1);
    const GivenHdf5 twice(file.bytes(file.object({hdf5_link("a", floats), hdf5_link("a", floats)})));
    CHECK(twice.says("the name a occurs twice"));
}

TEST_CASE("hdf5: continuation blocks that lead back, overlap, or are outside of the file") {
    const auto continued = [](std::uint64_t address, std::uint64_t nbytes) {
        return Hdf5Message{16, le(address, 8) + le(nbytes, 8)};
    };
    Hdf5File file;
    const std::uint64_t block = file.next();
    file.put(Hdf5File::messages({continued(block, 24)}));
    CHECK(GivenHdf5(file.bytes(file.object({continued(block, 24)}))).says("leads to it twice"));
    Hdf5File outside;
    CHECK(hdf5_verdict(outside.bytes(outside.object({continued(1U << 20U, 24)}))) == "corrupt/foreign");
    CHECK(hdf5_verdict(outside.bytes(outside.object({continued(0, UINT64_MAX)}))) == "corrupt/foreign");
    // Each of many continuations is a large part of the file.
    Hdf5File large;
    large.put(std::string(8000, '\0'));
    std::vector<Hdf5Message> many;
    for (std::uint64_t i = 0; i < 100; ++i)
        many.push_back(continued(96 + 8 * i, 7000));
    CHECK(GivenHdf5(large.bytes(large.object(many))).says("overlap"));
}

TEST_CASE("hdf5: B-trees that lead back, and nodes of a wrong level") {
    Hdf5File file;
    const std::uint64_t node = file.next();
    const auto tree = [&](std::uint64_t level, std::uint64_t child) {
        return "TREE" + le(1, 1) + le(level, 1) + le(1, 2) + le(UINT64_MAX, 16) + le(0, 24) + le(child, 8);
    };
    file.put(tree(3, node));
    const std::uint64_t member = file.dataset(hdf5_f32(), {4}, hdf5_chunked(node, {2}, 4));
    const GivenHdf5 looped(file.bytes_of(member));
    CHECK(looped.verdict == "corrupt/foreign");
    CHECK(looped.says("its level is 3, expected 2"));
}

TEST_CASE("hdf5: chunks outside of the dataset, twice, of a wrong size, in the data of others") {
    struct Row {
        std::vector<Hdf5File::Chunk> chunks;
        const char* says;
    };
    const std::uint64_t data = 96;
    const Row rows[] = {
        {{{{0}, data, 8}, {{2}, data + 8, 8}}, ""},
        {{{{0}, data, 8}}, ""},
        {{{{1}, data, 8}}, "begins at 1"},
        {{{{4}, data, 8}}, "begins at 4"},
        {{{{0}, data, 8}, {{0}, data + 8, 8}}, "twice"},
        {{{{0}, data, 7}}, "cannot become 8"},
        {{{{0}, 1U << 30U, 8}}, "the file ends"},
        {{{{0}, data, 8}, {{2}, data + 4, 8}}, "within the data"},
    };
    for (const Row& row : rows) {
        Hdf5File file;
        file.put(std::string(16, 'x'));
        const std::uint64_t tree = file.chunk_tree(row.chunks);
        const GivenHdf5 given(file.bytes_of(file.dataset(hdf5_f32(), {4}, hdf5_chunked(tree, {2}, 4))));
        CAPTURE(row.says);
        CAPTURE(given.message);
        CHECK(given.verdict == (*row.says == '\0' ? "ok" : "corrupt/foreign"));
        CHECK(given.says(row.says));
        if (given.verdict == "ok") CHECK(given.read_all() == "ok");
    }
}

TEST_CASE("hdf5: a small chunk that would become a large one") {
    const std::string deflate = le(1, 1) + le(1, 1) + le(0, 6) + le(1, 2) + le(0, 2) + le(0, 2) + le(0, 2);
    const auto bomb = [&](std::uint64_t count, std::uint64_t rows, const Limits& limits) {
        Hdf5File file;
        const std::uint64_t nbytes = 1U << 20U;
        const std::uint64_t data = file.put(std::string(nbytes, 'x'));
        const std::uint64_t tree = file.chunk_tree({{{0, 0}, data, nbytes}});
        return GivenHdf5(file.bytes_of(file.dataset(hdf5_f32(), {rows, 2 * count},
                                                    hdf5_chunked(tree, {rows, count}, 4), {{11, deflate}})),
                         limits);
    };
    CHECK(bomb(1U << 20U, 300, {}).says("cannot become"));  // 1200 times
    CHECK(bomb(1U << 20U, 2000, {}).says("the format allows"));
    Limits small;
    small.max_decoded_bytes = 1U << 20U;
    CHECK(bomb(1U << 20U, 1, small).verdict == "limit_exceeded/decoded_bytes");
    const GivenHdf5 damaged = bomb(1U << 20U, 1, {});
    CHECK(damaged.verdict == "ok");
    CHECK(damaged.read_all().find("deflated bytes are malformed") != std::string::npos);
}

TEST_CASE("hdf5: counts and shapes larger than any file") {
    const std::string layout = hdf5_contiguous(UINT64_MAX, 0);
    const auto shaped = [&](const std::vector<std::uint64_t>& dims) {
        Hdf5File file;
        return hdf5_verdict(file.bytes_of(file.dataset(hdf5_f32(), dims, layout)));
    };
    CHECK(shaped({1U << 30U, 1U << 30U}) == "corrupt/foreign");
    CHECK(shaped({UINT64_MAX}) == "corrupt/foreign");
    CHECK(shaped({0, UINT64_MAX}) == "corrupt/foreign");
    CHECK(shaped({1U << 30U}) == "ok");  // not stored: zeros
    Hdf5File file;
    const std::uint64_t data = file.put("12345678");
    CHECK(hdf5_verdict(file.bytes_of(file.dataset(hdf5_f32(), {2}, hdf5_contiguous(data, 8)))) == "ok");
    CHECK(hdf5_verdict(file.bytes_of(file.dataset(hdf5_f32(), {3}, hdf5_contiguous(data, 8)))) ==
          "corrupt/foreign");
    CHECK(hdf5_verdict(file.bytes_of(file.dataset(hdf5_f32(), {3000}, hdf5_contiguous(data, 12000)))) ==
          "corrupt/foreign");
}

TEST_CASE("hdf5: two datasets in the same bytes") {
    Hdf5File file;
    const std::uint64_t data = file.put("12345678");
    const std::uint64_t a = file.dataset(hdf5_f32(), {2}, hdf5_contiguous(data, 8));
    const std::uint64_t b = file.dataset(hdf5_f32(), {1}, hdf5_contiguous(data + 4, 4));
    const GivenHdf5 given(file.bytes(file.object({hdf5_link("a", a), hdf5_link("b", b)})));
    CHECK(given.verdict == "corrupt/foreign");
    CHECK(given.says("within the data from 96 to 104"));
}

TEST_CASE("hdf5: what is not read is refused by its name") {
    struct Row {
        std::string type, says;
    };
    const std::string byte_type = hdf5_type(0, 0, 1, le(0, 2) + le(8, 2));
    const Row rows[] = {
        {hdf5_type(7, 0, 8, ""), "references"},
        {hdf5_type(2, 0, 8, le(64, 2)), "times"},
        {hdf5_type(4, 0, 1, le(0, 2) + le(8, 2)), "bit fields"},
        {hdf5_type(5, 0, 2, ""), "opaque bytes"},
        {hdf5_type(9, 0, 16, byte_type), "sequences of varying size"},
        {hdf5_type(10, 0, 8, ""), "arrays"},
        {hdf5_type(6, 1, 4, "a\0\0\0\0\0\0\0"s + le(0, 4) + le(0, 28) + hdf5_f32()), "records"},
        {hdf5_type(0, 0, 3, le(0, 2) + le(24, 2)), "integers of 24 bits"},
        {hdf5_type(0, 0, 4, le(2, 2) + le(16, 2)), "integers of 16 bits from 2 on"},
        {hdf5_type(1, 0x1f20, 4,
                   le(0, 2) + le(32, 2) + le(23, 1) + le(8, 1) + le(0, 1) + le(23, 1) + le(126, 4)),
         "floats"},
        {hdf5_type(1, 0x1f60, 4,
                   le(0, 2) + le(32, 2) + le(23, 1) + le(8, 1) + le(0, 1) + le(23, 1) + le(127, 4)),
         "floats"},
    };
    for (const Row& row : rows) {
        Hdf5File file;
        const GivenHdf5 given(file.bytes_of(file.dataset(row.type, {1}, hdf5_contiguous(UINT64_MAX, 0))));
        CAPTURE(row.says);
        CHECK(given.verdict == "unsupported/feature");
        CHECK(given.says("HDF5 object x: "));
        CHECK(given.says(row.says));
    }
    const std::string lzf =
        le(1, 1) + le(1, 1) + le(0, 6) + le(32000, 2) + le(8, 2) + le(0, 2) + le(0, 2) + padded("lzf");
    Hdf5File file;
    const std::uint64_t member = file.dataset(hdf5_f32(), {4}, hdf5_chunked(UINT64_MAX, {2}, 4), {{11, lzf}});
    CHECK(GivenHdf5(file.bytes_of(member)).says("the filter lzf (32000)"));
    const Hdf5Message external{7, le(1, 1) + le(0, 15)};
    CHECK(GivenHdf5(file_with({{1, hdf5_space({1})}, {3, hdf5_f32()}, {8, hdf5_contiguous(0, 4)}, external}))
              .says("other files"));
    const Hdf5Message soft{6, le(1, 1) + le(8, 1) + le(1, 1) + le(1, 1) + "x" + le(1, 2) + "y"};
    CHECK(GivenHdf5(Hdf5File(file).bytes(file.object({soft}))).verdict != "ok");
    CHECK(GivenHdf5(file_with({{1, hdf5_space({1})}, {3, hdf5_f32()}, {8, le(4, 1) + le(3, 1)}}))
              .says("virtual"));
    CHECK(GivenHdf5(file_with({{200, "x", 128}})).says("message of type 200"));
    CHECK(hdf5_verdict(file_with({{1, hdf5_space({1})}, {1, hdf5_space({1})}})) == "corrupt/foreign");
}

TEST_CASE("hdf5: limits") {
    const std::string whole = fixture("latest.h5");
    REQUIRE(hdf5_verdict(whole) == "ok");
    Limits limits;
    limits.max_records = 100;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/records");
    limits = {};
    limits.max_decoded_bytes = 40'000;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/decoded_bytes");
    limits = {};
    limits.max_index_bytes = 4'000;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/index_bytes");
    limits = {};
    limits.max_name_bytes = 12;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/name_bytes");
    limits = {};
    limits.max_depth = 3;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/depth");
    limits = {};
    limits.max_rank = 1;
    CHECK(hdf5_verdict(whole, limits) == "limit_exceeded/rank");
}

TEST_CASE("hdf5: any part of a dataset of chunks is that part of the whole, for several threads too") {
    const GivenHdf5 given(fixture("latest.h5"));
    REQUIRE(given.verdict == "ok");
    std::size_t parts = 0;
    for (const auto& [name, value] : given.checkpoint.models()[0].second) {
        const StorageView& storage = value.get_if<TensorView>()->storage();
        const std::string shown = name;
        CAPTURE(shown);
        std::vector<std::byte> whole(static_cast<std::size_t>(storage.nbytes()));
        REQUIRE(storage.read(0, whole).has_value());
        std::vector<std::thread> threads;
        std::vector<int> same(3, 1);
        for (std::size_t thread = 0; thread < same.size(); ++thread) {
            threads.emplace_back([&, thread] {
                for (std::size_t begin = thread; begin < whole.size(); begin += 13) {
                    std::vector<std::byte> part(std::min<std::size_t>(1 + begin % 97, whole.size() - begin));
                    const auto read = storage.read(begin, part);
                    if (!read || !std::equal(part.begin(), part.end(),
                                             whole.begin() + static_cast<std::ptrdiff_t>(begin)))
                        same[thread] = 0;
                }
            });
        }
        for (std::thread& thread : threads)
            thread.join();
        CHECK(same == std::vector<int>(3, 1));
        ++parts;
    }
    CHECK(parts > 40);
}

TEST_CASE("hdf5: a checksum of a chunk that differs, and one of deflate") {
    std::string bytes = fixture("v110.h5");
    const GivenHdf5 whole(bytes);
    REQUIRE(whole.verdict == "ok");
    // Chunks without filters but the checksum are as they were: 7 numbers, one after the other.
    std::vector<std::byte> first(7);
    REQUIRE(whole.tensor("layouts/checksum").storage().read(0, first).has_value());
    const std::size_t at = bytes.find(std::string(reinterpret_cast<const char*>(first.data()), first.size()));
    REQUIRE(at != std::string::npos);
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    const GivenHdf5 damaged(bytes);
    REQUIRE(damaged.verdict == "ok");
    const auto read = damaged.tensor("layouts/checksum").load();
    REQUIRE(!read);
    CHECK(read.error().condition() == Condition::foreign_checksum);
    CHECK(damaged.tensor("layouts/gzip").load().has_value());
}

TEST_CASE("hdf5: a file of many groups that name each other takes time in proportion to it") {
    Hdf5File file;
    std::vector<Hdf5Message> links;
    const std::uint64_t floats = file.floats(1);
    for (int i = 0; i < 2000; ++i)
        links.push_back(hdf5_link("n" + std::to_string(i), floats));
    const auto begin = std::chrono::steady_clock::now();
    const GivenHdf5 tied(file.bytes(file.object(links)));
    CHECK(tied.verdict == "ok");
    CHECK(tied.checkpoint.models()[0].second.size() == 2000);
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
