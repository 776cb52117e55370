#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>

#include "support/samples.hpp"
#include "support/scratch.hpp"

// open_sink and open_source: files of other formats, replaced and read as checkpoints are.
namespace {

using namespace milepost;
using namespace milepost::testing;

std::span<const std::byte> text_bytes(const std::string& text) {
    return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("file sink: the path leads to the old file until commit, then to the new one") {
    const ScratchFolder folder;
    const std::string path = folder / "x.safetensors";
    write_file(path, "old");
    for (const bool durable : {true, false}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, (std::size_t{4} << 20U) - 1,
                                       std::size_t{4} << 20U, (std::size_t{9} << 20U) + 5}) {
            const std::vector<std::byte> content = make_bytes(size, static_cast<unsigned>(size));
            const std::string before = read_file(path);
            auto sink = open_sink(path, {.durable = durable});
            REQUIRE(sink);
            REQUIRE((*sink)->reserve(size));
            for (std::size_t at = 0; at < size; at += 1'234'567)
                REQUIRE((*sink)->write(
                    std::span(content).subspan(at, std::min<std::size_t>(1'234'567, size - at))));
            CHECK(read_file(path) == before);
            REQUIRE((*sink)->commit());
            const std::string after = read_file(path);
            REQUIRE(after.size() == size);
            CHECK(std::equal(content.begin(), content.end(), text_bytes(after).begin()));
        }
    }
    CHECK(names_in(folder.path()).size() == 1);
}

TEST_CASE("file sink: without commit nothing is left") {
    const ScratchFolder folder;
    const std::string path = folder / "x";
    write_file(path, "old");
    {
        auto sink = open_sink(path);
        REQUIRE(sink);
        REQUIRE((*sink)->write(make_bytes(std::size_t{5} << 20U, 2)));
    }
    CHECK(read_file(path) == "old");
    CHECK(names_in(folder.path()) == std::vector<std::string>{"x"});
    CHECK(open_sink(path, {.create_only = true}).error().condition() == Condition::target);
    CHECK(open_sink(folder.path()).error().condition() == Condition::target);
    auto kept = open_sink(path, {.keep_previous = true});
    REQUIRE(kept);
    REQUIRE((*kept)->write(text_bytes("new")));
    REQUIRE((*kept)->commit());
    CHECK(read_file(path + ".prev") == "old");
}

TEST_CASE("file source: reads by position, and notices a file that was rewritten") {
    const ScratchFolder folder;
    const std::string path = folder / "x";
    write_file(path, "0123456789");
    const auto source = open_source(path);
    REQUIRE(source);
    CHECK(*(*source)->size() == 10);
    std::string part(4, '\0');
    REQUIRE((*source)->read(3, std::as_writable_bytes(std::span(part))));
    CHECK(part == "3456");
    CHECK((*source)->read(7, std::as_writable_bytes(std::span(part))).error().condition() ==
          Condition::changed);
    CHECK((*source)->check_unchanged());
    write_file(path, "01234567890");
    CHECK((*source)->check_unchanged().error().condition() == Condition::changed);
    CHECK(open_source(folder / "y").error().condition() == Condition::file);
    CHECK(open_source(folder.path()).error().condition() == Condition::not_regular);
}
