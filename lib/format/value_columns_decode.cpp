#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/value_columns.hpp"

namespace milepost::format {
namespace {

/// Makes a value from its leaves up, without recursion: how deep a file nests does not
/// decide how much stack is used.
class Decoder {
public:
    Decoder(const Index& index, const IndexOffsets& offsets, const MakeTensor& make_tensor)
        : index_(index), offsets_(offsets), make_tensor_(make_tensor) {}

    Value run(std::uint32_t root) const {
        if (!has_children(root)) return leaf(root);
        // Parents come before their children, here as in the file; so from the last to the first, children
        // are made before the parent that takes them.
        std::vector<Place> places = {{root, 0}};
        for (std::size_t i = 0; i < places.size(); ++i) {
            const std::uint32_t number = places[i].number;
            if (!has_children(number)) continue;
            places[i].first_child = places.size();
            for (std::uint32_t child = 0; child < offsets_.value_size[number]; ++child)
                places.push_back({offsets_.data_begin[number] + child, 0});
        }
        std::vector<Value> made(places.size());
        for (std::size_t i = places.size(); i-- > 0;) {
            const std::uint32_t number = places[i].number;
            made[i] = has_children(number)
                          ? parent(number, std::span(made).subspan(places[i].first_child,
                                                                   offsets_.value_size[number]))
                          : leaf(number);
        }
        return std::move(made.front());
    }

private:
    /// A value of the tree, and where its children are among the places.
    struct Place {
        std::uint32_t number;
        std::size_t first_child;
    };

    [[nodiscard]] Kind kind(std::uint32_t number) const noexcept {
        return static_cast<Kind>(index_.values[number].kind);
    }

    [[nodiscard]] bool has_children(std::uint32_t number) const noexcept {
        return format::has_children(kind(number));
    }

    Value leaf(std::uint32_t number) const {
        const ValueRecord& record = index_.values[number];
        switch (kind(number)) {
            case Kind::boolean:
                return record.subtype != 0;
            case Kind::integer:
                return Integer{byte_vector(number)};
            case Kind::floating:
                return real(number, 0);
            case Kind::complex:
                return std::complex<double>(real(number, 0), real(number, 8));
            case Kind::string: {
                const auto text = bytes(number);
                return String{{reinterpret_cast<const char*>(text.data()), text.size()},
                              static_cast<StringSubtype>(record.subtype)};
            }
            case Kind::bytes:
                return Bytes{byte_vector(number), static_cast<BytesSubtype>(record.subtype)};
            case Kind::tensor:
                return make_tensor_(offsets_.data_begin[number]);
            default:
                return {};
        }
    }

    /// Takes the children.
    Value parent(std::uint32_t number, std::span<Value> children) const {
        const ValueRecord& record = index_.values[number];
        switch (kind(number)) {
            case Kind::list:
                return List{items(children)};
            case Kind::tuple:
                return Tuple{items(children), static_cast<TupleSubtype>(record.subtype)};
            case Kind::set:
                return Set{items(children)};
            default:
                return dict(record, children);
        }
    }

    std::span<const std::byte> bytes(std::uint32_t number) const {
        return index_.value_bytes.subspan(offsets_.data_begin[number], offsets_.value_size[number]);
    }

    std::vector<std::byte> byte_vector(std::uint32_t number) const {
        const auto from = bytes(number);
        return {from.begin(), from.end()};
    }

    double real(std::uint32_t number, std::size_t at) const {
        return std::bit_cast<double>(base::load_le<std::uint64_t>(bytes(number).data() + at));
    }

    static std::vector<Value> items(std::span<Value> children) {
        return {std::make_move_iterator(children.begin()), std::make_move_iterator(children.end())};
    }

    static Dict dict(const ValueRecord& record, std::span<Value> children) {
        Dict dict;
        dict.subtype = static_cast<DictSubtype>(record.subtype & ~kAttributesSubtype);
        if ((record.subtype & kAttributesSubtype) != 0) {  // rule 22: the first child is a dict
            dict.attributes = std::move(children.front().get_if<Dict>()->items);
            children = children.subspan(1);
        }
        dict.items.reserve(children.size() / 2);
        for (std::size_t i = 0; i < children.size(); i += 2)
            dict.items.emplace_back(std::move(children[i]), std::move(children[i + 1]));
        return dict;
    }

    const Index& index_;
    const IndexOffsets& offsets_;
    const MakeTensor& make_tensor_;
};

}  // namespace

Value decode_value(const Index& index, const IndexOffsets& offsets, std::uint32_t number,
                   const MakeTensor& make_tensor) {
    return Decoder(index, offsets, make_tensor).run(number);
}

}  // namespace milepost::format
