#include "convert/hdf5/superblock.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;
using namespace std::string_view_literals;

constexpr std::string_view kMagic = "\x89HDF\r\n\x1a\n"sv;
constexpr std::string_view kSuperblock = "superblock";
/// The largest one: version 1, with addresses of 8 bytes.
constexpr std::uint64_t kSuperblockNbytes = 100;
constexpr std::uint64_t kFirstBlockNbytes = 512;

/// What the superblock says.
struct Facts {
    Widths widths;
    std::uint64_t base, end, root;
};

/// It is at 0, 512, 1024, 2048 and so on.
Result<std::uint64_t> find(const File& file) {
    std::array<std::byte, kMagic.size()> found{};
    const std::uint64_t size = file.nbytes();
    for (std::uint64_t at = 0; base::range_within(at, found.size(), size);
         at = at == 0 ? kFirstBlockNbytes : at * 2) {
        MILEPOST_TRY(file.source()->read(at, found));
        if (std::memcmp(found.data(), kMagic.data(), kMagic.size()) == 0) return at;
    }
    return Error(Condition::magic, "the file has no superblock of HDF5");
}

Result<Widths> read_widths(Cursor& at) {
    Widths widths;
    MILEPOST_TRY_ASSIGN(widths.address, at.byte());
    MILEPOST_TRY_ASSIGN(widths.length, at.byte());
    const auto is_width = [](std::uint8_t nbytes) { return nbytes == 2 || nbytes == 4 || nbytes == 8; };
    if (is_width(widths.address) && is_width(widths.length)) return widths;
    return at.broken(message("addresses have ", unsigned{widths.address}, " bytes and sizes ",
                             unsigned{widths.length}, ", expected 2, 4 or 8"));
}

/// Versions 0 and 1, after the version.
Result<Facts> read_old(Cursor& at, bool is_first) {
    Facts facts{};
    MILEPOST_TRY(at.skip(4));  // versions of structures that are not read, and a reserved byte
    MILEPOST_TRY_ASSIGN(facts.widths, read_widths(at));
    MILEPOST_TRY(at.skip(is_first ? 9 : 13));  // the greatest sizes of B-trees, which nodes state too
    const auto address = [&]() { return at.number(facts.widths.address); };
    MILEPOST_TRY_ASSIGN(facts.base, address());
    MILEPOST_TRY(at.skip(facts.widths.address));  // free space
    MILEPOST_TRY_ASSIGN(facts.end, address());
    MILEPOST_TRY(at.skip(2U * facts.widths.address));  // drivers, and the name of the root
    MILEPOST_TRY_ASSIGN(facts.root, address());
    return facts;
}

/// Versions 2 and 3, after the version.
Result<Facts> read_new(Cursor& at) {
    Facts facts{};
    MILEPOST_TRY_ASSIGN(facts.widths, read_widths(at));
    MILEPOST_TRY(at.skip(1));  // flags: how the file was opened
    const auto address = [&]() { return at.number(facts.widths.address); };
    MILEPOST_TRY_ASSIGN(facts.base, address());
    MILEPOST_TRY(at.skip(facts.widths.address));  // the extension, which is about writing
    MILEPOST_TRY_ASSIGN(facts.end, address());
    MILEPOST_TRY_ASSIGN(facts.root, address());
    MILEPOST_TRY(at.checksum());
    return facts;
}

Result<Facts> read_facts(const FileBlock& block) {
    Cursor at = block.cursor();
    MILEPOST_TRY(at.signature(kMagic));
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    if (version <= 1) return read_old(at, version == 0);
    if (version <= 3) return read_new(at);
    return at.unsupported(message("its version is ", unsigned{version}, "; versions 0 to 3 are read"));
}

}  // namespace

Result<std::uint64_t> read_superblock(File& file) {
    MILEPOST_TRY_ASSIGN(const std::uint64_t begin, find(file));
    const std::uint64_t size = file.nbytes();
    std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(kSuperblockNbytes, size - begin)));
    MILEPOST_TRY(file.source()->read(begin, bytes));
    const FileBlock block(std::move(bytes), begin, kSuperblock, {});
    auto facts = read_facts(block);
    if (!facts) {
        if (size - begin >= kSuperblockNbytes || facts.error().condition() != Condition::foreign)
            return facts.error();
        return Error(Condition::cut,
                     message("HDF5 superblock at ", begin, ": the file ends in it, at ", size));
    }
    // A block of the user that was put in front later, or taken away, does not change what the file states.
    std::uint64_t end = 0;
    if (facts->end < facts->base || !base::checked_add(facts->end - facts->base, begin, end)) {
        return Error(Condition::foreign, message("HDF5 superblock at ", begin, ": the file is from ",
                                                 facts->base, " to ", facts->end));
    }
    if (end > size) {
        return Error(Condition::cut, message("HDF5 superblock at ", begin, ": the file ends at ", end,
                                             ", but has ", size, " bytes"));
    }
    file.set_base(begin, end, facts->widths);
    return facts->root;
}

}  // namespace milepost::convert::hdf5
