#include <bit>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/little_endian.hpp"
#include "format/decode_budget.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/value_columns.hpp"

namespace milepost::format {
namespace {

/// Makes a tree without recursion: how deep a file nests does not decide how much stack is used.
class Decoder {
public:
    Decoder(const Index& index, const IndexOffsets& offsets, const MakeTensor& make_tensor,
            DecodeBudget& budget)
        : index_(index), offsets_(offsets), make_tensor_(make_tensor), budget_(budget) {}

    Result<Value> run(std::uint32_t root) {
        if (!take(root)) return budget_.exceeded();
        if (!has_children(root)) return leaf(root);
        open(root);
        while (true) {
            Parent& last = parents_.back();
            if (last.children.size() < offsets_.value_size[last.number]) {
                const std::uint32_t child =
                    offsets_.data_begin[last.number] + static_cast<std::uint32_t>(last.children.size());
                if (!take(child)) return budget_.exceeded();
                if (has_children(child)) {
                    open(child);
                } else {
                    last.children.push_back(leaf(child));
                }
                continue;
            }
            Value made = parent(last.number, std::move(last.children));
            parents_.pop_back();
            if (parents_.empty()) return made;
            parents_.back().children.push_back(std::move(made));
        }
    }

private:
    /// A value whose children are not all made yet.
    struct Parent {
        std::uint32_t number;
        std::vector<Value> children;
    };

    void open(std::uint32_t number) {
        parents_.push_back({number, {}});
        parents_.back().children.reserve(offsets_.value_size[number]);
    }

    /// Counts what a value takes apart from its parent's list, and the list of its own children.
    bool take(std::uint32_t number) noexcept {
        const std::uint64_t size = offsets_.value_size[number];
        switch (kind(number)) {
            case Kind::integer:
            case Kind::string:
            case Kind::bytes:
                return budget_.take(size + 2 * kBlockNbytes);
            case Kind::list:
            case Kind::tuple:
            case Kind::set:
            case Kind::dict:
                return budget_.take(size * sizeof(Value) + sizeof(Dict) + 2 * kBlockNbytes);
            case Kind::tensor:  // views share their layouts, whose dimensions take what they take in the file
                return budget_.take(sizeof(TensorView) + sizeof(detail::TensorLayout) + 6 * kBlockNbytes);
            default:
                return true;
        }
    }

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

    Value parent(std::uint32_t number, std::vector<Value> children) const {
        const ValueRecord& record = index_.values[number];
        switch (kind(number)) {
            case Kind::list:
                return List{std::move(children)};
            case Kind::tuple:
                return Tuple{std::move(children), static_cast<TupleSubtype>(record.subtype)};
            case Kind::set:
                return Set{std::move(children)};
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
    DecodeBudget& budget_;
    std::vector<Parent> parents_;
};

}  // namespace

Result<Value> decode_value(const Index& index, const IndexOffsets& offsets, std::uint32_t number,
                           const MakeTensor& make_tensor, DecodeBudget& budget) {
    return Decoder(index, offsets, make_tensor, budget).run(number);
}

}  // namespace milepost::format
