#include "convert/hdf5/group.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/hdf5/btree_v1.hpp"
#include "convert/hdf5/btree_v2.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/fractal_heap.hpp"
#include "convert/hdf5/in_order.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/names.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Memory of a link, without its name.
constexpr std::uint64_t kLinkNbytes = 96;
enum LinkType : std::uint8_t { kHardLink = 0, kSoftLink = 1, kExternalLink = 64 };

/// Collects the links of one group.
class LinkReader {
public:
    explicit LinkReader(File& file) noexcept : file_(file) {}

    Result<std::vector<Link>> run(const ObjectHeader& header) {
        if (header.symbol_table) MILEPOST_TRY(read_symbol_table(header.symbol_table->at));
        for (const Message& link : header.links)
            MILEPOST_TRY(read_link(link.at));
        if (header.link_info) MILEPOST_TRY(read_link_info(header.link_info->at));
        MILEPOST_TRY(put_in_order(links_, tracks_order_, "HDF5 group: the name"));
        return std::move(links_);
    }

private:
    Result<void> add(const Cursor& at, std::string_view name, std::uint64_t address, std::uint64_t order) {
        MILEPOST_TRY(check_name(name, file_.limits(), "HDF5 link"));
        if (name.find('/') != std::string_view::npos || name == ".")
            return at.broken(message("the name ", escape(name, 120), " cannot be that of a member"));
        MILEPOST_TRY(file_.budget().take_values(1, kLinkNbytes + name.size()));
        links_.push_back({std::string(name), address, order});
        return {};
    }

    Result<void> read_symbol_table(Cursor at) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t tree, at.address());
        MILEPOST_TRY_ASSIGN(const std::uint64_t heap_address, at.address());
        MILEPOST_TRY_ASSIGN(const FileBlock heap, read_local_heap(heap_address));
        return walk_btree_v1(file_, tree, TreeType::group, file_.widths().length,
                             [&](Cursor, std::uint64_t child) { return read_symbols(child, heap); });
    }

    /// The names of a symbol table.
    Result<FileBlock> read_local_heap(std::uint64_t address) {
        const Widths widths = file_.widths();
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file_.read(address, 8ULL + 2ULL * widths.length + widths.address, "local heap"));
        Cursor at = block.cursor();
        MILEPOST_TRY(at.signature("HEAP"));
        MILEPOST_TRY(at.version(0));
        MILEPOST_TRY(at.skip(3));
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.length());
        MILEPOST_TRY(at.skip(widths.length));  // the free list
        MILEPOST_TRY_ASSIGN(const std::uint64_t data, at.address());
        return file_.read(data, nbytes, "local heap data");
    }

    Result<void> read_symbols(std::uint64_t address, const FileBlock& heap) {
        const std::uint64_t entry_nbytes = 2ULL * file_.widths().address + 24;
        const auto size_of = [&](Cursor at) -> Result<std::uint64_t> {
            MILEPOST_TRY_ASSIGN(const std::uint64_t count, count_symbols(at));
            return 8 + count * entry_nbytes;
        };
        MILEPOST_TRY_ASSIGN(const FileBlock block,
                            file_.read_sized(address, 8, "symbol table node", size_of));
        Cursor at = block.cursor();
        MILEPOST_TRY_ASSIGN(const std::uint64_t count, count_symbols(at));
        for (std::uint64_t i = 0; i < count; ++i) {
            MILEPOST_TRY_ASSIGN(Cursor entry, at.part(entry_nbytes));
            MILEPOST_TRY_ASSIGN(const std::uint64_t name_begin, entry.address());
            MILEPOST_TRY_ASSIGN(const std::uint64_t object, entry.address());
            MILEPOST_TRY_ASSIGN(const std::uint64_t kind, entry.number(4));
            Cursor name = heap.cursor();
            MILEPOST_TRY(name.skip(name_begin));
            MILEPOST_TRY_ASSIGN(const std::string_view text, name.text());
            if (kind == 2) return refused(kSoftLink, text);
            MILEPOST_TRY(add(entry, text, object, 0));
        }
        return {};
    }

    static Result<std::uint64_t> count_symbols(Cursor& at) {
        MILEPOST_TRY(at.signature("SNOD"));
        MILEPOST_TRY(at.version(1));
        MILEPOST_TRY(at.skip(1));
        return at.number(2);
    }

    static Error refused(std::uint8_t type, std::string_view name) {
        const std::string_view kind = type == kSoftLink       ? "a soft link"
                                      : type == kExternalLink ? "an external link"
                                                              : "a link of another type";
        return Error(Condition::feature, message("HDF5 link ", escape(name, 120), ": ", kind,
                                                 " is not followed; save a hard link, or a copy"));
    }

    /// A link message.
    Result<void> read_link(Cursor at) {
        MILEPOST_TRY(at.version(1));
        MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
        std::uint8_t type = kHardLink;
        std::uint64_t order = 0;
        if ((flags & 8U) != 0) {
            MILEPOST_TRY_ASSIGN(type, at.byte());
        }
        if ((flags & 4U) != 0) {
            MILEPOST_TRY_ASSIGN(order, at.number(8));
        }
        if ((flags & 16U) != 0) MILEPOST_TRY(at.skip(1));  // ASCII or UTF-8
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(std::size_t{1} << (flags & 3U)));
        MILEPOST_TRY_ASSIGN(const auto bytes, at.bytes(nbytes));
        const std::string_view name(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (type != kHardLink) return refused(type, name);
        MILEPOST_TRY_ASSIGN(const std::uint64_t address, at.address());
        return add(at, name, address, order);
    }

    /// Where the links of a large group are.
    Result<void> read_link_info(Cursor at) {
        MILEPOST_TRY(at.version(0));
        MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
        tracks_order_ = (flags & 1U) != 0;
        if (tracks_order_) MILEPOST_TRY(at.skip(8));  // the greatest one
        MILEPOST_TRY_ASSIGN(const std::uint64_t heap_address, at.address());
        MILEPOST_TRY_ASSIGN(const std::uint64_t tree, at.address());
        if (heap_address == kNowhere) return {};
        if (tree == kNowhere) return at.broken("links in a heap without an index");
        MILEPOST_TRY_ASSIGN(FractalHeap heap, FractalHeap::open(file_, heap_address));
        return walk_btree_v2(file_, tree, RecordType::link_names, [&](Cursor record) -> Result<void> {
            MILEPOST_TRY(record.skip(4));  // the hash of the name
            MILEPOST_TRY_ASSIGN(const Cursor link, heap.object(record));
            return read_link(link);
        });
    }

    File& file_;
    std::vector<Link> links_;
    bool tracks_order_ = false;
};

}  // namespace

Result<std::vector<Link>> read_links(File& file, const ObjectHeader& header) {
    return LinkReader(file).run(header);
}

}  // namespace milepost::convert::hdf5
