#include <doctest/doctest.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <milepost/convert.hpp>
#include <milepost/error.hpp>

#include "outcome.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_view_literals;

std::string with(std::string_view begin, std::size_t at = 0) {
    std::string content(1024, '\0');
    return content.replace(at, begin.size(), begin);
}

std::string sniffed(const std::string& path) {
    const auto format = sniff(path);
    return format ? std::string(name(*format)) : word_of(format.error());
}

}  // namespace

TEST_CASE("sniff: the content decides, whatever the name") {
    const ScratchFolder folder;
    const std::string path = folder / "weights.milepost";
    struct Row {
        std::string content;
        FileFormat format;
    };
    const std::string npy_member = "PK\x03\x04" + std::string(22, '\0') + std::string("\x05\0\0\0x.npy", 9);
    const Row rows[] = {
        {with("PK\x03\x04"sv), FileFormat::pytorch},
        {npy_member, FileFormat::npz},
        {with("\x80\x02\x8a\x0a"sv), FileFormat::pytorch},
        {with("ustar", 257).replace(0, 8, "sys_info"), FileFormat::pytorch},
        {with("\x10\0\0\0\0\0\0\0{}"sv), FileFormat::safetensors},
        {"{\n \"metadata\": {},\n \"weight_map\": {}}", FileFormat::safetensors},
        {with("\x93NUMPY\x01\0"sv), FileFormat::npy},
        {with("GGUF\x03\0\0\0"sv), FileFormat::gguf},
        {with("\x89HDF\r\n\x1a\n"sv), FileFormat::hdf5},
        {with("\x89HDF\r\n\x1a\n"sv, 512), FileFormat::hdf5},
    };
    for (const Row& row : rows) {
        CAPTURE(name(row.format));
        write_file(path, row.content);
        CHECK(sniffed(path) == name(row.format));
    }
}

TEST_CASE("sniff: what is none of the formats is refused with what it looks like") {
    const ScratchFolder folder;
    const std::string path = folder / "x.pt";
    CHECK(sniffed(path) == "not_found/file");
    write_file(path, "");
    CHECK(sniffed(path) == "truncated/empty");
    write_file(path, with("<!doctype html>"sv));
    const auto page = sniff(path);
    REQUIRE(!page);
    CHECK(page.error().condition() == Condition::magic);
    CHECK(page.error().message().find("HTML") != std::string::npos);
    write_file(path, with("\xff\0\0\0\0\0\0\0{}"sv).substr(0, 64));  // a header larger than the file
    CHECK(sniffed(path) == "not_a_checkpoint/magic");
    write_file(path, with("ustar", 257).replace(0, 5, "notes"));  // a tar archive of something else
    CHECK(sniffed(path) == "not_a_checkpoint/magic");
    CHECK(sniffed(folder.path()) == "not_a_checkpoint/not_regular");
}

TEST_CASE("formats: words and extensions") {
    CHECK(name(FileFormat::safetensors) == "safetensors");
    CHECK(find_file_format("gguf") == FileFormat::gguf);
    CHECK(!find_file_format("zip"));
    CHECK(format_of_extension("a/b.PTH") == FileFormat::pytorch);
    CHECK(format_of_extension("checkpoint.pth.tar") == std::nullopt);
    CHECK(format_of_extension(".npz") == std::nullopt);
}
