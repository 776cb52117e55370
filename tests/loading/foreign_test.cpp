#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "base/little_endian.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// Files that are not checkpoints, or not whole: each case has one error, and the message names what it looks
// like.
namespace {

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_view_literals;

FileBytes bytes_of(std::string_view text, std::size_t nbytes) {
    const auto bytes = std::as_bytes(std::span(text));
    FileBytes file(bytes.begin(), bytes.end());
    file.resize(std::max(nbytes, file.size()), std::byte{'.'});
    return file;
}

struct KnownFormat {
    std::string_view begin;
    std::string_view words;
};

constexpr KnownFormat kKnownFormats[] = {
    {"PK\x03\x04"sv, "zip"},
    {"\x40\0\0\0\0\0\0\0{\""sv, "safetensors"},
    {"GGUF"sv, "GGUF"},
    {"\x80\x02}q"sv, "pickle"},
    {"\x80\x04\x95"sv, "pickle"},
    {"\x89HDF\r\n\x1a\n"sv, "HDF5"},
    {"\x93NUMPY\x01"sv, "NumPy"},
    {"version https://git-lfs.github.com/spec/v1\n"sv, "git lfs pull"},
    {"<!DOCTYPE html>"sv, "HTML"},
    {"<html>"sv, "HTML"},
    {"\n  <!doctype HTML>"sv, "HTML"},
    {"\xEF\xBB\xBF<HTML>"sv, "HTML"},
    {"{\"error\":\"Invalid username or password.\"}"sv, "JSON"},
    {"{\n  \"error\": \"not found\"\n}"sv, "JSON"},
    {" [ {\"message\": 1}]"sv, "JSON"},
    {"{}"sv, "JSON"},
    {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>"sv, "XML"},
    {"<Error><Code>NoSuchKey</Code></Error>"sv, "XML"},
    {"BZh91AY&SY"sv, "bzip2"},
    {"\xFD"
     "7zXZ\0"sv,
     "xz"},
    {"\x1f\x8b\x08"sv, "gzip"},
    {"\x28\xb5\x2f\xfd"sv, "zstd"},
};

}  // namespace

TEST_CASE("foreign: files of other formats are named") {
    for (const KnownFormat& known : kKnownFormats) {
        for (const std::size_t nbytes :
             {std::size_t{0}, std::size_t{40}, std::size_t{64}, std::size_t{5000}}) {
            INFO(known.words << ", " << nbytes << " bytes");
            const auto file = open_bytes(bytes_of(known.begin, nbytes));
            REQUIRE_FALSE(file);
            CHECK(file.error().condition() == Condition::magic);
            CHECK_MESSAGE(file.error().message().find(known.words) != std::string::npos,
                          file.error().message());
        }
    }
}

// The magic of a tar archive is at 257, after the name of its first member.
TEST_CASE("foreign: a tar archive is named") {
    for (const std::string_view magic : {"ustar\0"
                                         "00"sv,
                                         "ustar  \0"sv}) {
        for (const std::size_t nbytes : {std::size_t{265}, std::size_t{512}, std::size_t{10'240}}) {
            INFO(nbytes << " bytes");
            FileBytes archive(nbytes);
            const std::string_view name = "checkpoint/data.pkl";
            std::transform(name.begin(), name.end(), archive.begin(), [](char c) { return std::byte(c); });
            std::transform(magic.begin(), magic.end(), archive.begin() + 257,
                           [](char c) { return std::byte(c); });
            const auto file = open_bytes(archive);
            REQUIRE_FALSE(file);
            CHECK(file.error().condition() == Condition::magic);
            CHECK_MESSAGE(file.error().message().find("tar archive") != std::string::npos,
                          file.error().message());
        }
    }
}

TEST_CASE("foreign: what only resembles a known format is not named") {
    for (const std::string_view begin :
         {"{x"sv, "{"sv, "[x"sv, "<htm"sv, "ustar"sv, "  "sv, "BZ"sv, "{\0\""sv}) {
        for (const std::size_t nbytes : {std::size_t{0}, std::size_t{64}, std::size_t{600}}) {
            INFO(begin << ", " << nbytes << " bytes");
            const auto file = open_bytes(bytes_of(begin, nbytes));
            REQUIRE_FALSE(file);
            CHECK(file.error().message().ends_with("unknown magic at 0"));
        }
    }
}

TEST_CASE("foreign: every length below a header") {
    const FileBytes header = *save_bytes({});
    for (std::size_t nbytes = 1; nbytes < 64; ++nbytes) {
        INFO(nbytes << " bytes");
        CHECK(verdict_of(open_bytes({header.begin(), header.begin() + static_cast<std::ptrdiff_t>(nbytes)}),
                         1) == "truncated/short");
        CHECK(verdict_of(open_bytes(FileBytes(nbytes, std::byte{'x'})), 1) == "not_a_checkpoint/magic");
        CHECK(verdict_of(open_bytes(FileBytes(nbytes)), 1) == "not_a_checkpoint/zero_header");
    }
}

TEST_CASE("foreign: folders and pipes are refused, and do not hang") {
    const testing::ScratchFolder folder;
    REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
    for (const std::string& path :
         {folder.path(), folder / "fifo", std::string("/dev/null"), std::string("/dev/zero")}) {
        INFO(path);
        CHECK(verdict_of(Reader::open(path), 1) == "not_a_checkpoint/not_regular");
    }
    CHECK(verdict_of(Reader::open("/proc/self/status"), 1) == "truncated/empty");
    CHECK(verdict_of(Reader::open(folder / "nothing"), 1) == "not_found/file");
}

TEST_CASE("foreign: a file through a link opens") {
    const testing::ScratchFolder folder;
    REQUIRE(save(folder / "file", small()));
    std::filesystem::create_symlink("file", folder / "link");
    CHECK(verdict_of(Reader::open(folder / "link"), 1) == "ok");
}

TEST_CASE("foreign: every flag of the header, the checksum right") {
    for (unsigned bit = 0; bit < 64; ++bit) {
        INFO("bit " << bit);
        Parts required, optional;
        required.header.required_flags = std::uint64_t{1} << bit;
        optional.header.optional_flags = std::uint64_t{1} << bit;
        CHECK(verdict_of(open_bytes(build(required)), 1) == "unsupported/required_flag");
        const auto file = open_bytes(build(optional));
        CHECK(verdict_of(file, 1) == "ok");
        CHECK(file->unknown_optional_flags() == std::uint64_t{1} << bit);
    }
}

TEST_CASE("foreign: an index above the limit in a sparse file that would hold it") {
    const testing::ScratchFolder folder;
    const FileBytes small_file = build(Parts{});
    const format::IndexPlacement placement{64, (std::uint64_t{512} << 20U) + 64};
    format::Footer footer;
    footer.file_size = placement.file_size();
    footer.placement = placement;
    format::HeaderBytes header;
    std::copy_n(small_file.begin(), header.size(), header.begin());
    footer.header_checksum = format::header_tag(header);
    const auto footer_bytes = footer.encode();
    std::ofstream file(folder / "file", std::ios::binary);
    file.write(reinterpret_cast<const char*>(header.data()), 64);
    file.seekp(static_cast<std::streamoff>(placement.footer_b()));
    file.write(reinterpret_cast<const char*>(footer_bytes.data()), 64);
    file.close();
    CHECK(verdict_of(Reader::open(folder / "file"), 1) == "limit_exceeded/index_bytes");
}

TEST_CASE("foreign: a newer version is told from damage") {
    FileBytes file = build(Parts{});
    base::store_le<std::uint32_t>(&file[8], 7);
    CHECK(verdict_of(open_bytes(file), 1) == "corrupt/header_checksum");
    reseal(file);
    const auto newer = open_bytes(file);
    CHECK(verdict_of(newer, 1) == "unsupported/version");
    CHECK(newer.error().message().find("7") != std::string::npos);
}
