#include "convert/hdf5/object_header.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/hdf5/checksum.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/file.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

constexpr std::string_view kHeader = "object header", kContinuation = "object header continuation";
/// Types of messages. Stored in files.
enum MessageType : std::uint8_t {
    kDataspace = 1,
    kLinkInfo = 2,
    kDatatype = 3,
    kOldFill = 4,
    kFill = 5,
    kLink = 6,
    kExternal = 7,
    kLayout = 8,
    kFilters = 11,
    kAttribute = 12,
    kContinued = 16,
    kSymbolTable = 17,
    kAttributeInfo = 21,
    kNewestType = 24,
};
constexpr std::uint8_t kSharedFlag = 2, kFailFlag = 128;

/// The bytes of a first block in front of its messages: as many as are needed to tell its size.
constexpr std::uint64_t kBeginNbytes = 16;
constexpr std::uint8_t kFirstVersion = 1;

/// What version 2 has in front of its messages.
struct NewPrefix {
    bool has_order = false;
    std::uint64_t messages_nbytes = 0;
};

Result<NewPrefix> read_new_prefix(Cursor& at) {
    NewPrefix prefix;
    MILEPOST_TRY(at.signature("OHDR"));
    MILEPOST_TRY(at.version(2));
    MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
    prefix.has_order = (flags & 4U) != 0;
    if ((flags & 32U) != 0) MILEPOST_TRY(at.skip(16));  // times
    if ((flags & 16U) != 0) MILEPOST_TRY(at.skip(4));   // when attributes become dense
    MILEPOST_TRY_ASSIGN(prefix.messages_nbytes, at.number(std::size_t{1} << (flags & 3U)));
    return prefix;
}

/// The size of a first block: its beginning tells it, but for version 2 the beginning may be longer.
Result<std::uint64_t> first_nbytes(Cursor at, std::uint64_t most) {
    Cursor version = at;
    MILEPOST_TRY_ASSIGN(const std::uint8_t first, version.byte());
    std::uint64_t prefix_nbytes = kBeginNbytes, messages_nbytes = 0, other_nbytes = 0;
    if (first == kFirstVersion) {
        MILEPOST_TRY(at.skip(8));
        MILEPOST_TRY_ASSIGN(messages_nbytes, at.number(4));
    } else {
        MILEPOST_TRY_ASSIGN(const NewPrefix prefix, read_new_prefix(at));
        prefix_nbytes = at.position();
        messages_nbytes = prefix.messages_nbytes;
        other_nbytes = kChecksumNbytes;
    }
    if (messages_nbytes > most) return at.broken(message("its messages have ", messages_nbytes, " bytes"));
    return prefix_nbytes + messages_nbytes + other_nbytes;
}

/// Reads one header, block by block.
class HeaderReader {
public:
    explicit HeaderReader(File& file) noexcept : file_(file) {}

    Result<ObjectHeader> run(std::uint64_t address) {
        MILEPOST_TRY(read_first(address));
        for (std::size_t i = 0; i < continued_.size(); ++i)  // grows meanwhile
            MILEPOST_TRY(read_continuation(continued_[i].first, continued_[i].second));
        return std::move(header_);
    }

private:
    Result<void> read_first(std::uint64_t address) {
        seen_.insert(address);
        constexpr std::uint64_t kGreatestBegin = 34;  // of version 2
        MILEPOST_TRY(file_.check_range(address, 1, kHeader));
        const std::uint64_t most = file_.nbytes() - address;
        MILEPOST_TRY_ASSIGN(FileBlock block,
                            file_.read_sized(address, std::min(kGreatestBegin, most), kHeader,
                                             [&](Cursor at) { return first_nbytes(at, most); }));
        Cursor at = block.cursor();
        Cursor version = at;
        MILEPOST_TRY_ASSIGN(const std::uint8_t first, version.byte());
        if (first == kFirstVersion) {
            MILEPOST_TRY(at.skip(kBeginNbytes));
            is_old_ = true;
        } else {
            MILEPOST_TRY_ASSIGN(const NewPrefix prefix, read_new_prefix(at));
            header_.tracks_attributes = prefix.has_order;
        }
        return add_block(std::move(block), at.position());
    }

    Result<void> read_continuation(std::uint64_t address, std::uint64_t nbytes) {
        MILEPOST_TRY_ASSIGN(FileBlock block, file_.read(address, nbytes, kContinuation));
        Cursor at = block.cursor();
        if (!seen_.insert(address).second) return at.broken("the header of the object leads to it twice");
        if (!is_old_) MILEPOST_TRY(at.signature("OCHK"));
        return add_block(std::move(block), at.position());
    }

    /// Takes the messages of a block from a position on, whose bytes the header then owns.
    Result<void> add_block(FileBlock block, std::size_t begin) {
        header_.blocks.push_back(std::move(block));
        Cursor at = header_.blocks.back().cursor();
        MILEPOST_TRY(at.skip(begin));
        if (is_old_) return read_messages(at);
        if (at.remaining() < kChecksumNbytes) return at.broken("it has no checksum");
        MILEPOST_TRY_ASSIGN(const Cursor messages, at.part(at.remaining() - kChecksumNbytes));
        MILEPOST_TRY(at.checksum());
        return read_messages(messages);
    }

    /// What is too small for a message at the end is a gap.
    Result<void> read_messages(Cursor at) {
        const std::size_t least = is_old_ ? 8 : header_.tracks_attributes ? 6 : 4;
        while (at.remaining() >= least) {
            Message found;
            MILEPOST_TRY_ASSIGN(const std::uint64_t type, at.number(is_old_ ? 2 : 1));
            MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.number(2));
            MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
            if (is_old_) {
                MILEPOST_TRY(at.skip(3));
            } else if (header_.tracks_attributes) {
                MILEPOST_TRY_ASSIGN(found.order, at.number(2));
            }
            found.is_shared = (flags & kSharedFlag) != 0;
            MILEPOST_TRY_ASSIGN(found.at, at.part(nbytes));
            if (type > kNewestType && (flags & kFailFlag) != 0)
                return at.unsupported(
                    message("a message of type ", type, ", without which it cannot be read"));
            MILEPOST_TRY(add(type, found));
        }
        return {};
    }

    Result<void> add(std::uint64_t type, const Message& found) {
        if (type == kContinued) return add_continuation(found.at);
        if (type == kLink || type == kAttribute) {
            MILEPOST_TRY(file_.budget().take_bytes(2 * sizeof(Message)));
            (type == kLink ? header_.links : header_.attributes).push_back(found);
            return {};
        }
        std::optional<Message>* const place = place_of(type);
        if (place == nullptr) return {};
        if (place->has_value()) return found.at.broken(message("the object has two messages of type ", type));
        *place = found;
        return {};
    }

    Result<void> add_continuation(Cursor at) {
        MILEPOST_TRY_ASSIGN(const std::uint64_t address, at.address());
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, at.length());
        if (nbytes == 0) return at.broken("a continuation without a byte");
        continued_.emplace_back(address, nbytes);
        return {};
    }

    std::optional<Message>* place_of(std::uint64_t type) noexcept {
        switch (type) {
            case kDataspace:
                return &header_.dataspace;
            case kLinkInfo:
                return &header_.link_info;
            case kDatatype:
                return &header_.datatype;
            case kOldFill:
                return &header_.old_fill;
            case kFill:
                return &header_.fill;
            case kExternal:
                return &header_.external;
            case kLayout:
                return &header_.layout;
            case kFilters:
                return &header_.filters;
            case kSymbolTable:
                return &header_.symbol_table;
            case kAttributeInfo:
                return &header_.attribute_info;
            default:
                return nullptr;
        }
    }

    File& file_;
    bool is_old_ = false;
    ObjectHeader header_;
    std::set<std::uint64_t> seen_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> continued_;  ///< address and size
};

}  // namespace

Result<ObjectHeader> read_object_header(File& file, std::uint64_t address) {
    return HeaderReader(file).run(address);
}

}  // namespace milepost::convert::hdf5
