#include "convert/hdf5/btree_v2.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/bits.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Signature, version, type and checksum of a node.
constexpr std::uint64_t kNodeHeadNbytes = 10;
/// A tree of this depth has more records than any file, even with two a node.
constexpr std::uint64_t kGreatestDepth = 64;

struct TreeHeader {
    std::uint64_t node_nbytes = 0, record_nbytes = 0, depth = 0;
    std::uint64_t root = kNowhere, root_count = 0, count = 0;
    /// Of each depth: the bytes for the number of records in a node, the same for all, and of those below it.
    std::size_t count_nbytes = 0;
    std::vector<std::size_t> total_nbytes;
};

struct TreeNode {
    std::uint64_t address, count, depth;
};

/// Nodes are of one size, and numbers in them as small as that allows.
Result<void> set_widths(const Cursor& at, TreeHeader& header) {
    const std::uint64_t room = header.node_nbytes - kNodeHeadNbytes;
    std::uint64_t most_records = room / header.record_nbytes;
    header.count_nbytes = width_of(most_records);
    std::uint64_t most_total = most_records;
    header.total_nbytes = {0};
    for (std::uint64_t depth = 1; depth <= header.depth; ++depth) {
        const std::uint64_t pointer = at.widths().address + header.count_nbytes + header.total_nbytes.back();
        if (room < pointer) return at.broken("its nodes are too small");
        most_records = (room - pointer) / (header.record_nbytes + pointer);
        std::uint64_t below = 0;
        if (!base::checked_mul(most_records + 1, most_total, below) ||
            !base::checked_add(below, most_records, most_total))
            most_total = UINT64_MAX;
        header.total_nbytes.push_back(width_of(most_total));
    }
    return {};
}

Result<TreeHeader> read_header(File& file, std::uint64_t address, RecordType type) {
    const Widths widths = file.widths();
    const std::uint64_t nbytes = 22ULL + widths.address + widths.length;
    MILEPOST_TRY_ASSIGN(const FileBlock block, file.read(address, nbytes, "B-tree header"));
    Cursor at = block.cursor();
    TreeHeader header;
    MILEPOST_TRY(at.signature("BTHD"));
    MILEPOST_TRY(at.version(0));
    MILEPOST_TRY_ASSIGN(const std::uint8_t found, at.byte());
    if (found != static_cast<std::uint8_t>(type))
        return at.broken(
            message("its type is ", unsigned{found}, ", expected ", static_cast<unsigned>(type)));
    MILEPOST_TRY_ASSIGN(header.node_nbytes, at.number(4));
    MILEPOST_TRY_ASSIGN(header.record_nbytes, at.number(2));
    MILEPOST_TRY_ASSIGN(header.depth, at.number(2));
    MILEPOST_TRY(at.skip(2));  // when nodes are split and merged
    MILEPOST_TRY_ASSIGN(header.root, at.address());
    MILEPOST_TRY_ASSIGN(header.root_count, at.number(2));
    MILEPOST_TRY_ASSIGN(header.count, at.length());
    MILEPOST_TRY(at.checksum());
    if (header.record_nbytes == 0 || header.node_nbytes < kNodeHeadNbytes + header.record_nbytes ||
        header.depth > kGreatestDepth)
        return at.broken(message("nodes of ", header.node_nbytes, " bytes, records of ", header.record_nbytes,
                                 ", depth ", header.depth));
    MILEPOST_TRY(set_widths(at, header));
    return header;
}

}  // namespace

Result<void> walk_btree_v2(File& file, std::uint64_t address, RecordType type,
                           const std::function<Result<void>(Cursor record)>& take) {
    MILEPOST_TRY_ASSIGN(const TreeHeader header, read_header(file, address, type));
    if (header.root == kNowhere) return {};
    std::vector<TreeNode> open = {{header.root, header.root_count, header.depth}};
    while (!open.empty()) {
        const TreeNode node = open.back();
        open.pop_back();
        const std::size_t total_nbytes =
            node.depth > 0 ? header.total_nbytes[static_cast<std::size_t>(node.depth - 1)] : 0;
        const std::uint64_t pointer =
            node.depth > 0 ? file.widths().address + header.count_nbytes + total_nbytes : 0;
        // Nodes have room for more; a checksum is after what is used.
        const std::uint64_t nbytes =
            kNodeHeadNbytes + node.count * header.record_nbytes + (node.count + 1) * pointer;
        MILEPOST_TRY_ASSIGN(const FileBlock block, file.read(node.address, nbytes, "B-tree node"));
        Cursor at = block.cursor();
        MILEPOST_TRY(at.signature(node.depth > 0 ? "BTIN" : "BTLF"));
        MILEPOST_TRY(at.version(0));
        MILEPOST_TRY(at.skip(1));
        if (nbytes > header.node_nbytes)
            return at.broken(message(node.count, " records are more than a node has room for"));
        MILEPOST_TRY_ASSIGN(Cursor records, at.part(node.count * header.record_nbytes));
        MILEPOST_TRY_ASSIGN(Cursor pointers, at.part(at.remaining() - 4));
        MILEPOST_TRY(at.checksum());
        for (std::uint64_t i = 0; i < node.count; ++i) {
            MILEPOST_TRY_ASSIGN(const Cursor record, records.part(header.record_nbytes));
            MILEPOST_TRY(take(record));
        }
        while (pointers.remaining() > 0) {
            TreeNode child{0, 0, node.depth - 1};
            MILEPOST_TRY_ASSIGN(child.address, pointers.address());
            MILEPOST_TRY_ASSIGN(child.count, pointers.number(header.count_nbytes));
            MILEPOST_TRY(pointers.skip(total_nbytes));
            open.push_back(child);
        }
    }
    return {};
}

}  // namespace milepost::convert::hdf5
