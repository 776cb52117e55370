// The bytes of an HDF5 file. What is read takes memory within the limits, and can be saved if it is whole.
// A checksum that differs is put right, from the message about it, so that what it covers is tested too.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "convert/hdf5/hdf5.hpp"
#include "examine_import.hpp"

namespace milepost::fuzz {
namespace {

/// Checksums that are put right in one input.
constexpr int kGreatestRepairs = 200;
/// More bytes of tensors are not saved: a small file can have large ones that are not stored.
constexpr std::uint64_t kGreatestSave = std::uint64_t{4} << 20U;

/// Whether the error is a checksum of a structure, and the bytes have the right one now.
bool repair(FileBytes& bytes, const Error& error) {
    if (error.condition() != Condition::foreign_checksum) return false;
    const std::string& text = error.message();
    const std::size_t at = text.rfind(" at ");
    unsigned long long begin = 0, nbytes = 0, found = 0, other = 0;
    if (at == std::string::npos) return false;
    const char* const rest = text.c_str() + at;
    // Of the blocks of a heap it is within the bytes.
    if (std::sscanf(rest, " at %llu: its %llu bytes have the checksum %llu,", &begin, &nbytes, &found) != 3 &&
        std::sscanf(rest, " at %llu, is %llu, that of its bytes is %llu", &begin, &other, &found) != 3)
        return false;
    const std::uint64_t place = begin + nbytes;
    if (place > bytes.size() || bytes.size() - place < 4) return false;  // after a block of the user
    const auto sum = static_cast<std::uint32_t>(found);
    std::memcpy(bytes.data() + place, &sum, sizeof sum);
    return true;
}

Result<Checkpoint> import(std::span<const std::byte> bytes, const Limits& limits) {
    return import_bytes(convert::hdf5::import_hdf5, bytes, limits);
}

void examine_checkpoint(const Checkpoint& checkpoint) {
    const bool is_whole = read_tensors(checkpoint);
    std::uint64_t nbytes = 0;
    for (const auto& [name, value] : checkpoint.models()[0].second)
        nbytes += std::min(value.get_if<TensorView>()->nbytes(), kGreatestSave);
    MemorySink sink;
    if (nbytes < kGreatestSave) static_cast<void>(save_and_load(checkpoint, is_whole, 2, sink));
}

void examine(std::span<const std::byte> given) {
    FileBytes bytes(given.begin(), given.end());
    auto read = import(bytes, default_limits());
    for (int i = 0; i < kGreatestRepairs && !read && repair(bytes, read.error()); ++i)
        read = import(bytes, default_limits());
    check_same_outcome(read, import(bytes, default_limits()), "the same answer twice");
    const auto tight = import(bytes, tight_limits());
    require(read || !tight, "what passes tight limits passes the defaults");
    if (read) examine_checkpoint(*read);
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    milepost::fuzz::examine(std::as_bytes(std::span(data, nbytes)));
    return 0;
}
