#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/gguf/gguf.hpp"
#include "convert/gguf/key_values.hpp"
#include "convert/gguf/tensor_type.hpp"
#include "convert/gguf/value_type.hpp"
#include "convert/named_tensors.hpp"
#include "convert/tensor_list.hpp"
#include "convert/tensor_writer.hpp"

namespace milepost::convert::gguf {
namespace {

using base::message;

/// What ggml reads: GGML_MAX_DIMS, and GGML_MAX_NAME with the zero at its end.
constexpr std::size_t kWrittenRank = 4, kGreatestNameNbytes = 63;
constexpr std::size_t kGreatestKeyNbytes = 65'535;

struct PlannedTensor {
    std::string name;
    const TensorView* tensor;
    const TensorType* type;
};

struct PlannedValue {
    std::string key;
    const Value* value;
    ValueType type;
};

/// What is written, and what is not. Borrows from the checkpoint.
struct Plan {
    std::uint32_t version = kNewVersion;
    std::uint64_t alignment = kDefaultAlignment;
    std::vector<PlannedValue> values;
    std::vector<PlannedTensor> tensors;
    std::vector<Loss> losses;

    void lose(std::string path, std::string_view reason) {
        losses.push_back({std::move(path), std::string(reason) + "; left out"});
    }
};

/// What the importer records of a GGUF file: the types of its values, where the values do not tell them.
class Recorded {
public:
    explicit Recorded(const Value* value) {
        const Dict* dict = value == nullptr ? nullptr : value->get_if<Dict>();
        if (dict == nullptr) return;
        const Value* version = dict->find(kVersion);
        const auto number = version == nullptr ? Result<std::int64_t>(0) : version->as_int();
        if (!number || (*number != kOldVersion && *number != kNewVersion)) return;
        version_ = static_cast<std::uint32_t>(*number);
        const Value* types = dict->find(kTypes);
        const Dict* by_key = types == nullptr ? nullptr : types->get_if<Dict>();
        if (by_key == nullptr) return;
        for (const auto& [key, type] : by_key->items) {
            const auto* text = type.get_if<String>();
            const auto found = text == nullptr ? std::nullopt : find_value_type(text->text);
            if (const auto* name = key.get_if<String>(); name != nullptr && found)
                types_[name->text] = *found;
        }
    }

    /// Nothing if there is no such record.
    [[nodiscard]] std::optional<std::uint32_t> version() const noexcept { return version_; }
    /// The recorded type, unless the value is another one by now.
    [[nodiscard]] std::optional<ValueType> type_of(const std::string& key, const Value& value) const {
        const auto at = types_.find(key);
        if (at != types_.end() && fits(value, at->second)) return at->second;
        return default_type(value);
    }

private:
    std::optional<std::uint32_t> version_;
    std::map<std::string, ValueType> types_;
};

std::string_view why_not_a_tensor(const ListedTensor& each, const TensorType* type) {
    if (type == nullptr) return "a dtype that GGUF does not have";
    if (each.tensor->rank() > kWrittenRank) return "more than 4 dimensions";
    if (each.tensor->rank() == 0 && type->elements != 1) return "a block that is not in a row";
    if (each.name.size() > kGreatestNameNbytes) return "a name of more than 63 bytes";
    return {};
}

void plan_tensors(Plan& plan, const Checkpoint& checkpoint) {
    const std::vector<ListedTensor> tensors = list_tensors(checkpoint);
    std::set<std::string_view> names;
    for (const ListedTensor& each : tensors) {
        const TensorType* type = find_tensor_type(each.tensor->dtype());
        std::string_view why = why_not_a_tensor(each, type);
        if (why.empty() && !names.insert(each.name).second) why = "another tensor has its name";
        if (!why.empty()) {
            plan.lose(each.path, why);
            continue;
        }
        if (each.tied_to != nullptr) {
            plan.losses.push_back(
                {each.path, message("it shares bytes with ", each.tied_to->path, "; written as a copy")});
        }
        plan.tensors.push_back({each.name, each.tensor, type});
    }
}

/// Parts of models and whole optimizers.
void find_other_losses(Plan& plan, const Checkpoint& checkpoint) {
    for (const auto& [model, state_dict] : checkpoint.models()) {
        for (const auto& [name, value] : state_dict) {
            if (value.get_if<TensorView>() == nullptr)
                plan.lose(message(model, "/", name), "an entry of a model that is not a tensor");
        }
        if (!is_ordinary_metadata(state_dict.metadata))
            plan.lose(message(model, "/_metadata"), "attributes of a model");
    }
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        plan.lose(name, "an optimizer");
}

class ValuePlanner {
public:
    ValuePlanner(Plan& plan, const Recorded& recorded) noexcept : plan_(plan), recorded_(recorded) {}

    void add(const std::string& path, const std::string& key, const Value& value) {
        const auto type = recorded_.type_of(key, value);
        if (key.empty() || key.size() > kGreatestKeyNbytes)
            return plan_.lose(path, "a key of no, or of too many, bytes");
        if (!type)
            return plan_.lose(path,
                              "not a number of 64 bits, a bool, a string or a list of one type of these");
        if (!keys_.insert(key).second) return plan_.lose(path, "another value has its key");
        if (key == kAlignmentKey && !set_alignment(value, *type))
            return plan_.lose(path, "not a power of two up to 1,048,576, as u32");
        plan_.values.push_back({key, &value, *type});
    }

    void add_metadata(const Value& metadata) {
        const auto* dict = metadata.get_if<Dict>();
        if (dict == nullptr) return add(std::string(kMetadata), std::string(kMetadata), metadata);
        for (const auto& [key, value] : dict->items) {
            const auto* text = key.get_if<String>();
            const std::string path =
                message(kMetadata, "/", text == nullptr ? to_string(key, 60) : text->text);
            if (text == nullptr || text->subtype != StringSubtype::str)
                plan_.lose(path, "a key that is not a string");
            else
                add(path, text->text, value);
        }
        if (dict->subtype != DictSubtype::dict || !dict->attributes.empty())
            plan_.losses.push_back({std::string(kMetadata), "its type; written as a plain dict"});
    }

private:
    bool set_alignment(const Value& value, ValueType type) {
        const auto number = value.as_uint();
        if (type != ValueType{ScalarType::u32} || !number || !is_alignment(*number)) return false;
        plan_.alignment = *number;
        return true;
    }

    Plan& plan_;
    const Recorded& recorded_;
    std::set<std::string, std::less<>> keys_;
};

Plan plan_of(const Checkpoint& checkpoint) {
    Plan plan;
    plan_tensors(plan, checkpoint);
    find_other_losses(plan, checkpoint);
    const Recorded recorded(checkpoint.values().find(kGguf));
    plan.version = recorded.version().value_or(kNewVersion);
    ValuePlanner values(plan, recorded);
    for (const auto& [name, value] : checkpoint.values()) {
        if (name == kPythonRecord || value.get_if<TensorView>() != nullptr) continue;
        if (name == kGguf && recorded.version()) continue;
        if (name == kMetadata)
            values.add_metadata(value);
        else
            values.add(name, name, value);
    }
    return plan;
}

void append_string(std::string& bytes, std::string_view text) {
    append_number<std::uint64_t>(bytes, text.size());
    bytes += text;
}

/// The dims in elements, fastest first; nothing if a row has too many.
std::optional<Shape> dims_of(const PlannedTensor& planned) {
    Shape dims(planned.tensor->shape().rbegin(), planned.tensor->shape().rend());
    if (!dims.empty() && !base::checked_mul(dims.front(), planned.type->elements, dims.front()))
        return std::nullopt;
    return dims;
}

Result<void> append_tensor(std::string& bytes, const PlannedTensor& planned, std::uint64_t begin) {
    const std::optional<Shape> dims = dims_of(planned);
    if (!dims) return Error(Condition::layout, message(escape(planned.name, 120), ": its rows are too long"));
    append_string(bytes, planned.name);
    append_number(bytes, static_cast<std::uint32_t>(dims->size()));
    for (const std::uint64_t size : *dims)
        append_number(bytes, size);
    append_number(bytes, planned.type->number);
    append_number(bytes, begin);
    return {};
}

/// A whole file but for its data. `end` becomes its size.
Result<std::string> encode_header(const Plan& plan, std::uint64_t& end) {
    std::string bytes(kMagic);
    append_number(bytes, plan.version);
    append_number<std::uint64_t>(bytes, plan.tensors.size());
    append_number<std::uint64_t>(bytes, plan.values.size());
    for (const PlannedValue& planned : plan.values) {
        append_string(bytes, planned.key);
        append_number(bytes, static_cast<std::uint32_t>(planned.type.depth != 0 ? ScalarType::array
                                                                                : planned.type.leaf));
        append_value(bytes, *planned.value, planned.type);
    }
    std::uint64_t begin = 0;
    for (const PlannedTensor& planned : plan.tensors) {
        if (const auto whole = planned.tensor->slice({});
            !whole)  // the layout must fit before anything is written
            return whole.error().within(escape(planned.name, 120));
        MILEPOST_TRY(append_tensor(bytes, planned, begin));
        if (!base::checked_add(begin, planned.tensor->nbytes(), begin) ||
            !base::checked_align(begin, plan.alignment, begin))
            return Error(Condition::layout, "the tensors are larger than any file");
    }
    bytes.resize(static_cast<std::size_t>(base::align_up(bytes.size(), plan.alignment)));
    if (!base::checked_add(bytes.size(), begin, end))
        return Error(Condition::layout, "the tensors are larger than any file");
    return bytes;
}

}  // namespace

std::vector<Loss> find_losses(const Checkpoint& checkpoint) {
    return plan_of(checkpoint).losses;
}

Result<void> write_gguf(Sink& sink, const Checkpoint& checkpoint, const ProgressCallback& progress) {
    const Plan plan = plan_of(checkpoint);
    std::uint64_t end = 0;
    MILEPOST_TRY_ASSIGN(const std::string header, encode_header(plan, end));
    std::uint64_t total = 0;
    for (const PlannedTensor& planned : plan.tensors)
        total += planned.tensor->nbytes();
    MILEPOST_TRY(sink.reserve(end));
    MILEPOST_TRY(sink.write(std::as_bytes(std::span(header))));
    const auto put = [&sink](std::span<const std::byte> bytes) { return sink.write(bytes); };
    TensorWriter writer(put, progress, total);
    const std::vector<std::byte> padding(static_cast<std::size_t>(plan.alignment));
    for (const PlannedTensor& planned : plan.tensors) {
        if (const auto written = writer.write(*planned.tensor); !written)
            return written.error().within(escape(planned.name, 120));
        const std::uint64_t nbytes = planned.tensor->nbytes();
        const std::uint64_t left = base::align_up(nbytes, plan.alignment) - nbytes;
        MILEPOST_TRY(sink.write(std::span(padding).first(static_cast<std::size_t>(left))));
    }
    return sink.commit();
}

Result<std::string> write_gguf(const std::string& path, const Checkpoint& checkpoint,
                               const ExportOptions& options) {
    MILEPOST_TRY_ASSIGN(const auto sink, open_sink(path, options.save));
    MILEPOST_TRY(write_gguf(*sink, checkpoint, options.save.progress));
    return path;
}

}  // namespace milepost::convert::gguf
