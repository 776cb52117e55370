#include "convert/hdf5/attributes.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/hdf5/btree_v2.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/fractal_heap.hpp"
#include "convert/hdf5/in_order.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/names.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Memory of an attribute, without its name and what its value takes.
constexpr std::uint64_t kAttributeNbytes = 320;

struct Attribute {
    std::string name;
    std::uint64_t order = 0;
    Value value;
};

/// The parts of an attribute message.
struct Parts {
    std::string_view name;
    Cursor type, space;
    bool is_type_shared = false;
};

Result<Parts> read_parts(Cursor& at) {
    Parts parts;
    MILEPOST_TRY_ASSIGN(const std::uint8_t version, at.byte());
    if (version < 1 || version > 3)
        return at.unsupported(
            message("an attribute of version ", unsigned{version}, "; versions 1 to 3 are read"));
    MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());  // reserved in version 1
    parts.is_type_shared = version > 1 && (flags & 1U) != 0;
    if (version > 1 && (flags & 2U) != 0) return at.unsupported("an attribute with a shared dataspace");
    MILEPOST_TRY_ASSIGN(const std::uint64_t name_nbytes, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint64_t type_nbytes, at.number(2));
    MILEPOST_TRY_ASSIGN(const std::uint64_t space_nbytes, at.number(2));
    if (version == 3) MILEPOST_TRY(at.skip(1));  // ASCII or UTF-8
    const auto padded = [&](std::uint64_t nbytes) { return version == 1 ? (nbytes + 7) / 8 * 8 : nbytes; };
    MILEPOST_TRY_ASSIGN(Cursor name, at.part(padded(name_nbytes)));
    MILEPOST_TRY_ASSIGN(parts.name, name.text());
    MILEPOST_TRY_ASSIGN(parts.type, at.part(padded(type_nbytes), "datatype"));
    MILEPOST_TRY_ASSIGN(parts.space, at.part(padded(space_nbytes), "dataspace"));
    return parts;
}

/// Collects the attributes of one object.
class AttributeReader {
public:
    explicit AttributeReader(const AttributeReaders& readers) noexcept : readers_(readers) {}

    Result<Dict> run(const ObjectHeader& header) {
        tracks_order_ = header.tracks_attributes;
        for (const Message& each : header.attributes) {
            if (each.is_shared) return each.at.unsupported("an attribute in a heap of shared messages");
            MILEPOST_TRY(add(each.at, each.order));
        }
        if (header.attribute_info) MILEPOST_TRY(read_dense(header.attribute_info->at));
        return sorted();
    }

private:
    Result<void> add(Cursor at, std::uint64_t order) {
        MILEPOST_TRY_ASSIGN(const Parts parts, read_parts(at));
        MILEPOST_TRY(check_name(parts.name, readers_.file.limits(), "HDF5 attribute"));
        MILEPOST_TRY(readers_.file.budget().take_values(1, kAttributeNbytes + 2 * parts.name.size()));
        auto value = value_of(parts, at);
        if (!value) return value.error().within(message("attribute ", escape(parts.name, 120)));
        attributes_.push_back({std::string(parts.name), order, *std::move(value)});
        return {};
    }

    Result<Value> value_of(const Parts& parts, Cursor& data) {
        MILEPOST_TRY_ASSIGN(const Datatype type, readers_.types.read(parts.type, parts.is_type_shared));
        MILEPOST_TRY_ASSIGN(const Dataspace space, read_dataspace(parts.space, readers_.file.limits()));
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, nbytes_of(space, type.nbytes));
        MILEPOST_TRY_ASSIGN(const auto bytes, data.bytes(nbytes));
        return readers_.values.make(type, space, bytes);
    }

    /// Where the attributes of an object with many of them are.
    Result<void> read_dense(Cursor at) {
        MILEPOST_TRY(at.version(0));
        MILEPOST_TRY_ASSIGN(const std::uint8_t flags, at.byte());
        if ((flags & 1U) != 0) MILEPOST_TRY(at.skip(2));  // the greatest one
        tracks_order_ = (flags & 1U) != 0;
        MILEPOST_TRY_ASSIGN(const std::uint64_t heap_address, at.address());
        MILEPOST_TRY_ASSIGN(const std::uint64_t tree, at.address());
        if (heap_address == kNowhere) return {};
        if (tree == kNowhere) return at.broken("attributes in a heap without an index");
        MILEPOST_TRY_ASSIGN(FractalHeap heap, FractalHeap::open(readers_.file, heap_address));
        return walk_btree_v2(readers_.file, tree, RecordType::attribute_names,
                             [&](Cursor record) -> Result<void> {
                                 MILEPOST_TRY_ASSIGN(const Cursor id, record.part(8));
                                 MILEPOST_TRY_ASSIGN(const std::uint8_t message_flags, record.byte());
                                 MILEPOST_TRY_ASSIGN(const std::uint64_t order, record.number(4));
                                 if ((message_flags & 2U) != 0)
                                     return record.unsupported("an attribute in a heap of shared messages");
                                 MILEPOST_TRY_ASSIGN(const Cursor attribute, heap.object(id));
                                 return add(attribute, order);
                             });
    }

    Result<Dict> sorted() {
        MILEPOST_TRY(put_in_order(attributes_, tracks_order_, "HDF5 object: the attribute"));
        Dict dict;
        dict.items.reserve(attributes_.size());
        for (Attribute& each : attributes_)
            dict.items.emplace_back(Value(std::move(each.name)), std::move(each.value));
        return dict;
    }

    const AttributeReaders& readers_;
    std::vector<Attribute> attributes_;
    bool tracks_order_ = false;
};

}  // namespace

Result<Dict> read_attributes(const AttributeReaders& readers, const ObjectHeader& header) {
    return AttributeReader(readers).run(header);
}

}  // namespace milepost::convert::hdf5
