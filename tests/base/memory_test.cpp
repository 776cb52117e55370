#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include "base/memory.hpp"

using namespace milepost::base;

namespace {

std::uintptr_t address_of(const std::byte* memory) {
    return reinterpret_cast<std::uintptr_t>(memory);
}

bool is_zero(const std::byte* memory, std::size_t nbytes) {
    return std::all_of(memory, memory + nbytes, [](std::byte byte) { return byte == std::byte{0}; });
}

/// The flags of the mapping that holds the address, of /proc/self/smaps.
std::string flags_at(std::uintptr_t address) {
    std::ifstream maps("/proc/self/smaps");
    bool is_here = false;
    for (std::string line; std::getline(maps, line);) {
        std::istringstream words(line);
        std::uintptr_t begin = 0, end = 0;
        char dash = 0;
        if (words >> std::hex >> begin >> dash >> end && dash == '-')
            is_here = begin <= address && address < end;
        if (is_here && line.rfind("VmFlags:", 0) == 0) return line;
    }
    return {};
}

}  // namespace

TEST_CASE("memory: of every size, aligned, all of it can be written") {
    for (const std::size_t nbytes :
         {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{100'001}, kLargeNbytes - 1,
          kLargeNbytes, kLargeNbytes + 1, 3 * kLargeNbytes + 4097}) {
        std::byte* const memory = allocate(nbytes);
        REQUIRE(memory != nullptr);
        const std::size_t alignment = nbytes < kLargeNbytes ? kMemoryAlignment : kHugePageNbytes;
        CHECK(address_of(memory) % alignment == 0);
        std::memset(memory, 7, nbytes);
        std::byte* const zeros = allocate_zeros(nbytes);
        REQUIRE(zeros != nullptr);
        CHECK(address_of(zeros) % alignment == 0);
        CHECK(is_zero(zeros, nbytes));
        release(memory, nbytes);
        release(zeros, nbytes);
    }
}

TEST_CASE("memory: what was released is zero when it is asked for zero again") {
    for (const std::size_t nbytes : {std::size_t{1000}, kLargeNbytes}) {
        for (int i = 0; i < 20; ++i) {
            std::byte* const memory = allocate_zeros(nbytes);
            REQUIRE(memory != nullptr);
            CHECK(is_zero(memory, nbytes));
            std::memset(memory, 1, nbytes);
            release(memory, nbytes);
        }
    }
}

TEST_CASE("memory: large pieces ask for huge pages, and are given back whole") {
    std::byte* const memory = allocate(kLargeNbytes + 5);
    REQUIRE(memory != nullptr);
    const std::string flags = flags_at(address_of(memory));
    if (!flags.empty()) CHECK(flags.find(" hg") != std::string::npos);
    release(memory, kLargeNbytes + 5);
    CHECK(flags_at(address_of(memory)).empty());
    CHECK(flags_at(address_of(memory) + kLargeNbytes).empty());
}

TEST_CASE("memory: whether it was written before") {
    std::byte* const memory = allocate(2 * kLargeNbytes);
    REQUIRE(memory != nullptr);
    CHECK_FALSE(is_touched(memory, 2 * kLargeNbytes));
    memory[kLargeNbytes] = std::byte{1};
    CHECK(is_touched(memory, 2 * kLargeNbytes));
    CHECK_FALSE(is_touched(memory, kLargeNbytes / 2));
    CHECK(is_touched(memory + kLargeNbytes, 1));
    release(memory, 2 * kLargeNbytes);
    CHECK_FALSE(is_touched(memory, 2 * kLargeNbytes));  // not mapped
}

TEST_CASE("memory: too much is null, and null can be released") {
    CHECK(allocate(SIZE_MAX / 2 + 1) == nullptr);
    CHECK(allocate(SIZE_MAX / 4) == nullptr);
    CHECK(allocate_zeros(SIZE_MAX) == nullptr);
    release(nullptr, 10);
    release(nullptr, kLargeNbytes);
}
