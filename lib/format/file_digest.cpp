#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/value.hpp>

#include "codec/checksum.hpp"
#include "format/content_digests.hpp"
#include "format/digest_stream.hpp"
#include "format/index.hpp"
#include "format/index_columns.hpp"
#include "format/index_offsets.hpp"
#include "format/keys.hpp"
#include "format/value_columns.hpp"

namespace milepost::format {
namespace {

/// What a part is, as it is hashed: never renumber (docs/format.md, section 6.7).
enum class PartKind : std::uint8_t { model = 1, optimizer = 2, value = 3 };

struct Part {
    std::string_view name;
    PartKind kind;
    std::uint32_t number;  ///< of the model or optimizer, or of the value
};

/// All parts by ascending name. Names differ: rule 13.
std::vector<Part> sorted_parts(const Index& index, EntryList values) {
    std::vector<Part> parts;
    parts.reserve(index.models.size() + index.optimizers.size() + values.count);
    for (std::uint32_t i = 0; i < index.models.size(); ++i)
        parts.push_back({index.model_names[i], PartKind::model, i});
    for (std::uint32_t i = 0; i < index.optimizers.size(); ++i)
        parts.push_back({index.optimizer_names[i], PartKind::optimizer, i});
    for (std::uint32_t i = values.first; i < values.first + values.count; ++i)
        parts.push_back({index.entry_names[i], PartKind::value, i});
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.name < b.name; });
    return parts;
}

/// The children of a dict, key and value in turn, by ascending canonical key.
std::vector<std::uint32_t> sorted_items(const Index& index, const IndexOffsets& offsets, std::uint32_t first,
                                        std::uint32_t end) {
    std::vector<std::pair<std::string, std::uint32_t>> keys;
    keys.reserve((end - first) / 2);
    for (std::uint32_t child = first; child < end; child += 2)
        keys.emplace_back(stored_key(index, offsets, child).value_or(""), child);  // rule 22: it is a key
    std::sort(keys.begin(), keys.end());
    std::vector<std::uint32_t> items;
    items.reserve(end - first);
    for (const auto& [key, child] : keys) {
        items.push_back(child);
        items.push_back(child + 1);
    }
    return items;
}

/// Writes values, each before its children, without recursion.
class ValueWriter {
public:
    ValueWriter(const Index& index, const IndexOffsets& offsets, const ContentDigests& tensors,
                DigestStream& stream)
        : index_(index),
          offsets_(offsets),
          tensors_(tensors),
          stream_(stream),
          numbers_(index.storage_count()) {}

    void write(std::uint32_t root) {
        write_one(root);
        while (!open_.empty()) {
            Children& children = open_.back();
            if (children.next == children.count) {
                open_.pop_back();
                continue;
            }
            const std::uint32_t i = children.next++;
            write_one(children.order.empty() ? children.first + i : children.order[i]);
        }
    }

private:
    /// Those of a value that have not been written yet.
    struct Children {
        std::uint32_t first, count, next = 0;
        std::vector<std::uint32_t> order;  ///< empty if it is that of the file
    };

    /// All of a value but its children, which are opened.
    void write_one(std::uint32_t value) {
        const ValueRecord& record = index_.values[value];
        const auto kind = static_cast<Kind>(record.kind);
        const std::uint32_t data = offsets_.data_begin[value];
        const std::uint32_t size = offsets_.value_size[value];
        stream_.number(record.kind);
        stream_.number(record.subtype);
        if (has_size(kind)) stream_.number(size);
        if (kind == Kind::tensor) {
            stream_.bytes(tensors_.of_tensor(data, tensor_stream_));
            stream_.number(number_of(index_.storage_of(data)));
        } else if (has_children(kind)) {
            open(record, data, size);
        } else if (size != 0) {
            stream_.bytes(index_.value_bytes.subspan(data, size));
        }
    }

    void open(const ValueRecord& record, std::uint32_t first, std::uint32_t count) {
        if (count == 0) return;
        Children children{first, count, 0, {}};
        if (static_cast<Kind>(record.kind) == Kind::dict) {
            if ((record.subtype & kAttributesSubtype) != 0) {
                open_.push_back(
                    {first + 1, count - 1, 0, sorted_items(index_, offsets_, first + 1, first + count)});
                children.count = 1;  // the attributes come before the items
            } else {
                children.order = sorted_items(index_, offsets_, first, first + count);
            }
        }
        open_.push_back(std::move(children));
    }

    /// Storages are numbered from 1 in the order of their first tensors here: tensors with one number are
    /// tied. Without bytes, nothing can be tied: 0.
    std::uint32_t number_of(std::uint32_t storage) noexcept {
        if (offsets_.storage_nbytes(index_, storage) == 0) return 0;
        std::uint32_t& number = numbers_[storage];
        if (number == 0) number = ++greatest_number_;
        return number;
    }

    const Index& index_;
    const IndexOffsets& offsets_;
    const ContentDigests& tensors_;
    DigestStream& stream_;
    DigestStream tensor_stream_;
    std::vector<Children> open_;
    std::vector<std::uint32_t> numbers_;  ///< of each storage; 0 if it has none yet
    std::uint32_t greatest_number_ = 0;
};

/// Writes the parts of a file.
class PartWriter {
public:
    PartWriter(const Index& index, const IndexOffsets& offsets, const ContentDigests& tensors,
               DigestStream& stream)
        : index_(index), offsets_(offsets), stream_(stream), values_(index, offsets, tensors, stream) {}

    void write(const Part& part) {
        stream_.number(static_cast<std::uint8_t>(part.kind));
        stream_.text(part.name);
        switch (part.kind) {
            case PartKind::model:
                entries(part.number);
                values_.write(static_cast<std::uint32_t>(index_.entry_names.size()) + part.number);
                break;
            case PartKind::optimizer:
                optimizer(part.number);
                break;
            case PartKind::value:
                values_.write(part.number);
                break;
        }
    }

private:
    /// An entry list by ascending name.
    void entries(std::size_t number) {
        const EntryList list = offsets_.entry_list(number);
        stream_.number(list.count);
        for (std::uint32_t i = 0; i < list.count; ++i) {
            const std::uint32_t entry = list.first + index_.entry_order[list.first + i];
            stream_.text(index_.entry_names[entry]);
            values_.write(entry);
        }
    }

    void optimizer(std::uint32_t number) {
        const OptimizerRecord& record = index_.optimizers[number];
        stream_.text(index_.algorithms[number]);
        const std::vector<std::uint32_t> ranks = write_keys(offsets_.param_keys(number));
        std::size_t list = offsets_.optimizer_entry_list[number];
        stream_.number(record.group_count);
        for (std::uint32_t i = 0; i < record.group_count; ++i, ++list) {
            group(offsets_.optimizer_group[number] + i, ranks);
            entries(list);
        }
        states(number, list, ranks);
        list += record.state_count;
        entries(list);
        entries(list + 1);
    }

    /// Param keys by ascending name. Returns the rank of each key there.
    std::vector<std::uint32_t> write_keys(EntryList keys) {
        std::vector<std::uint32_t> ranks(keys.count);
        stream_.number(keys.count);
        for (std::uint32_t rank = 0; rank < keys.count; ++rank) {
            const std::uint32_t key = index_.param_key_order[keys.first + rank];
            ranks[key] = rank;
            stream_.text(index_.param_keys[keys.first + key]);
        }
        return ranks;
    }

    /// The number of a parameter: its index, or the rank of its key. Indexes of keys are an order of names.
    static std::uint64_t param(std::uint64_t index, const std::vector<std::uint32_t>& ranks) noexcept {
        return ranks.empty() ? index : ranks[static_cast<std::size_t>(index)];  // rule 42
    }

    void group(std::uint32_t number, const std::vector<std::uint32_t>& ranks) {
        const GroupRecord& record = index_.groups[number];
        stream_.number(record.param_count);
        for (const std::uint64_t each :
             index_.params.subspan(offsets_.group_param[number], record.param_count))
            stream_.number(param(each, ranks));
        const bool has_names = record.param_names_position != kNoPosition;
        stream_.number(static_cast<std::uint8_t>(has_names ? 1 : 0));
        for (std::uint32_t i = 0; has_names && i < record.param_count; ++i)
            stream_.text(index_.param_names[offsets_.group_name[number] + std::size_t{i}]);
    }

    /// The states by ascending number of the parameter. `list` is the entry list of the first one.
    void states(std::uint32_t optimizer, std::size_t list, const std::vector<std::uint32_t>& ranks) {
        const std::uint32_t count = index_.optimizers[optimizer].state_count;
        const auto records = index_.states.subspan(offsets_.optimizer_state[optimizer], count);
        std::vector<std::pair<std::uint64_t, std::size_t>> order;  // parameter and entry list of each
        order.reserve(count);
        for (const StateRecord& state : records)
            order.emplace_back(param(state.index, ranks), list + order.size());
        std::sort(order.begin(), order.end());
        stream_.number(count);
        for (const auto& [parameter, state_entries] : order) {
            stream_.number(parameter);
            entries(state_entries);
        }
    }

    const Index& index_;
    const IndexOffsets& offsets_;
    DigestStream& stream_;
    ValueWriter values_;
};

}  // namespace

codec::Digest file_digest(const Index& index, const IndexOffsets& offsets, const ContentDigests& tensors) {
    const std::vector<Part> parts = sorted_parts(index, offsets.values_entry_list());
    DigestStream stream;
    stream.begin("milepost.content/1");
    PartWriter writer(index, offsets, tensors, stream);
    stream.number(static_cast<std::uint32_t>(parts.size()));
    for (const Part& part : parts)
        writer.write(part);
    return stream.finish();
}

}  // namespace milepost::format
