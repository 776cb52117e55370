#include "convert/hdf5/btree_v1.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::string_view kTreeNode = "B-tree node";

struct OpenNode {
    std::uint64_t address;
    std::optional<std::uint8_t> level;  ///< that it has to have; none of the root
};

struct NodeHead {
    std::uint8_t type = 0, level = 0;
    std::uint64_t count = 0;
};

/// Leaves the cursor at the first key.
Result<NodeHead> read_node_head(Cursor& at) {
    NodeHead head;
    MILEPOST_TRY(at.signature("TREE"));
    MILEPOST_TRY_ASSIGN(head.type, at.byte());
    MILEPOST_TRY_ASSIGN(head.level, at.byte());
    MILEPOST_TRY_ASSIGN(head.count, at.number(2));
    MILEPOST_TRY(at.skip(2U * at.widths().address));  // the nodes beside it
    return head;
}

}  // namespace

Result<void> walk_btree_v1(File& file, std::uint64_t address, TreeType type, std::uint64_t key_nbytes,
                           const std::function<Result<void>(Cursor key, std::uint64_t child)>& take) {
    if (address == kNowhere) return {};
    const std::uint64_t address_nbytes = file.widths().address, head_nbytes = 8 + 2 * address_nbytes;
    std::vector<OpenNode> open = {{address, std::nullopt}};
    while (!open.empty()) {
        const OpenNode node = open.back();
        open.pop_back();
        const auto size_of = [&](Cursor at) -> Result<std::uint64_t> {
            MILEPOST_TRY_ASSIGN(const NodeHead head, read_node_head(at));
            return head_nbytes + head.count * (key_nbytes + address_nbytes);
        };
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file.read_sized(node.address, head_nbytes, kTreeNode, size_of));
        Cursor at = block.cursor();
        MILEPOST_TRY_ASSIGN(const NodeHead head, read_node_head(at));
        if (head.type != static_cast<std::uint8_t>(type))
            return at.broken(
                message("its type is ", unsigned{head.type}, ", expected ", static_cast<unsigned>(type)));
        if (node.level && head.level != *node.level)
            return at.broken(
                message("its level is ", unsigned{head.level}, ", expected ", unsigned{*node.level}));
        const std::size_t first = open.size();
        for (std::uint64_t i = 0; i < head.count; ++i) {
            MILEPOST_TRY_ASSIGN(const Cursor key, at.part(key_nbytes));
            MILEPOST_TRY_ASSIGN(const std::uint64_t child, at.address());
            if (head.level == 0) {
                MILEPOST_TRY(take(key, child));
            } else {
                open.push_back({child, static_cast<std::uint8_t>(head.level - 1U)});
            }
        }
        std::reverse(open.begin() + static_cast<std::ptrdiff_t>(first), open.end());  // the first one is next
    }
    return {};
}

}  // namespace milepost::convert::hdf5
