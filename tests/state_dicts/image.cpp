#include "state_dicts/image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <complex>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "codec/checksum.hpp"

namespace milepost::state_dicts {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::uint64_t kMostElements = 1024;  // of a tensor whose content is hashed by itself

void append_hex(std::string& text, unsigned byte) {
    text += kHexDigits[byte >> 4U & 15U];
    text += kHexDigits[byte & 15U];
}

std::string hex_of(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes)
        append_hex(text, std::to_integer<unsigned>(byte));
    return text;
}

std::string bits_of(double number) {
    const auto bits = std::bit_cast<std::uint64_t>(number);
    std::string text;
    for (unsigned shift = 64; shift > 0; shift -= 8)
        append_hex(text, static_cast<unsigned>(bits >> (shift - 8) & 0xFFU));
    return text;
}

std::string quoted(std::string_view name) {
    std::string text = "\"";
    for (const char character : name) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte != 0x7F && character != '"' && character != '\\') {
            text += character;
            continue;
        }
        text += "\\x";
        append_hex(text, byte);
    }
    return text + '"';
}

std::string joined(const std::vector<std::string>& texts) {
    std::string text;
    for (std::size_t i = 0; i < texts.size(); ++i)
        text += (i == 0 ? "" : ", ") + texts[i];
    return text;
}

std::string numbers(std::span<const std::uint64_t> items) {
    std::vector<std::string> texts;
    for (const std::uint64_t item : items)
        texts.push_back(std::to_string(item));
    return "[" + joined(texts) + "]";
}

std::string hash_of(std::span<const std::byte> bytes) {
    return hex_of(codec::checksum128(bytes));
}

template <class Subtype>
std::string subtype_of(Subtype subtype) {
    return std::to_string(static_cast<unsigned>(subtype));
}

/// The names of all parts, as Checkpoint::order() says.
std::vector<std::string> full_order(const Checkpoint& checkpoint) {
    std::vector<std::string> names = checkpoint.order();
    std::set<std::string> named(names.begin(), names.end());
    const auto add = [&](const auto& parts) {
        for (const auto& part : parts) {
            if (named.insert(part.first).second) names.push_back(part.first);
        }
    };
    add(checkpoint.models());
    add(checkpoint.optimizers());
    add(checkpoint.values());
    return names;
}

class Imager {
public:
    Result<std::string> run(const Checkpoint& checkpoint) {
        text_ = "order";
        for (const std::string& name : full_order(checkpoint))
            text_ += " " + quoted(name);
        text_ += '\n';
        for (const auto& [name, model] : checkpoint.models())
            put(name, model);
        for (const auto& [name, optimizer] : checkpoint.optimizers())
            put(name, optimizer);
        line("values");
        put(checkpoint.values());
        put_storages();
        if (error_) return *error_;
        return std::move(text_);
    }

private:
    void line(std::string_view text) {
        text_ += text;
        text_ += '\n';
    }

    void put(const Entries& entries) {
        for (const auto& [name, value] : entries)
            line(" " + quoted(name) + " = " + value_text(value));
    }

    void put(const std::string& name, const StateDict& model) {
        line("model " + quoted(name));
        line("metadata " + value_text(model.metadata));
        put(model);
    }

    void put(const std::string& name, const OptimizerState& optimizer) {
        text_ += "optimizer " + quoted(name) + " algorithm " + quoted(optimizer.algorithm);
        for (const std::string& key : optimizer.param_keys)
            text_ += ' ' + quoted(key);
        text_ += '\n';
        for (const ParamGroup& group : optimizer.param_groups)
            put(group);
        for (const auto& [index, entries] : optimizer.state) {
            line("state " + std::to_string(index));
            put(entries);
        }
        line("state extra");
        put(optimizer.state_extra);
        line("extra");
        put(optimizer.extra);
    }

    void put(const ParamGroup& group) {
        const auto keys = static_cast<std::uint32_t>(group.hyperparameters.size());
        const bool named = group.param_names.has_value();
        text_ += "group params " + std::to_string(group.params_position.value_or(keys + (named ? 1 : 0)));
        text_ += " names " + (named ? std::to_string(group.param_names_position.value_or(keys)) : "-");
        text_ += ' ' + numbers(group.params);
        if (named) {
            for (const std::string& name : *group.param_names)
                text_ += ' ' + quoted(name);
        }
        text_ += '\n';
        put(group.hyperparameters);
    }

    std::string value_text(const Value& value) {
        switch (value.kind()) {
            case Kind::null:
                return "null";
            case Kind::boolean:
                return *value.get_if<bool>() ? "true" : "false";
            case Kind::integer:
                return "i:" + hex_of(value.get_if<Integer>()->bytes);
            case Kind::floating:
                return "f:" + bits_of(*value.get_if<double>());
            case Kind::complex: {
                const auto& number = *value.get_if<std::complex<double>>();
                return "c:" + bits_of(number.real()) + ":" + bits_of(number.imag());
            }
            case Kind::string: {
                const auto& [text, subtype] = *value.get_if<String>();
                return "s" + subtype_of(subtype) + quoted(text);
            }
            case Kind::bytes: {
                const auto& [bytes, subtype] = *value.get_if<Bytes>();
                return "b" + subtype_of(subtype) + ":" + hex_of(bytes);
            }
            case Kind::tensor:
                return tensor_text(*value.get_if<TensorView>());
            default:
                return container_text(value);
        }
    }

    std::string container_text(const Value& value) {
        if (const auto* list = value.get_if<List>()) return "[" + joined(texts(list->items)) + "]";
        if (const auto* tuple = value.get_if<Tuple>()) {
            return "(" + subtype_of(tuple->subtype) + "; " + joined(texts(tuple->items)) + ")";
        }
        if (const auto* set = value.get_if<Set>()) {
            std::vector<std::string> elements = texts(set->items);
            std::sort(elements.begin(), elements.end());
            return "{" + joined(elements) + "}";
        }
        const Dict& dict = *value.get_if<Dict>();
        const std::string text = "d" + subtype_of(dict.subtype) + "{" + pairs_text(dict.items) + "}";
        return dict.attributes.empty() ? text : text + "@{" + pairs_text(dict.attributes) + "}";
    }

    std::vector<std::string> texts(const StableVector<Value>& items) {
        std::vector<std::string> texts;
        for (const Value& item : items)
            texts.push_back(value_text(item));
        return texts;
    }

    std::string pairs_text(const StableVector<std::pair<Value, Value>>& pairs) {
        std::vector<std::string> texts;
        for (const auto& [key, value] : pairs) {
            std::string text = value_text(key) + ": ";
            texts.push_back(std::move(text) + value_text(value));
        }
        return joined(texts);
    }

    std::string tensor_text(const TensorView& tensor) {
        const DtypeInfo& dtype = tensor.dtype();
        const auto found = storages_.try_emplace(tensor.storage(), order_.size());
        if (found.second) order_.push_back(tensor.storage());
        std::string text = "t(" + subtype_of(dtype.code) + ":" + quoted(dtype.name) + ":";
        text += std::to_string(dtype.bits) + " shape " + numbers(tensor.shape()) + " strides ";
        text += tensor.is_contiguous() ? "-" : numbers(tensor.strides());
        text += " offset " + std::to_string(tensor.offset()) + " role " + subtype_of(tensor.role()) +
                " grad " + subtype_of(tensor.requires_grad()) + " storage " +
                std::to_string(found.first->second);
        return text + " content " + content_text(tensor) + ")";
    }

    std::string content_text(const TensorView& tensor) {
        if (tensor.element_count() > kMostElements) return "-";
        std::vector<std::byte> content(static_cast<std::size_t>(tensor.nbytes()));
        if (auto copied = tensor.copy_to(content); !copied) error_ = copied.error();
        return hash_of(content);
    }

    void put_storages() {
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const std::uint64_t nbytes = order_[i].nbytes();
            const auto bytes = order_[i].bytes(0, nbytes);
            if (!bytes) error_ = bytes.error();
            line("storage " + std::to_string(i) + " nbytes " + std::to_string(nbytes) + " hash " +
                 (bytes ? hash_of(*bytes) : "-"));
        }
    }

    std::string text_;
    std::map<StorageView, std::size_t> storages_;
    std::vector<StorageView> order_;
    std::optional<Error> error_;
};

}  // namespace

Result<std::string> image_of(const Checkpoint& checkpoint) {
    return Imager().run(checkpoint);
}

std::string first_difference(std::string_view expected, std::string_view found) {
    if (expected == found) return {};
    const auto ends = std::mismatch(expected.begin(), expected.end(), found.begin(), found.end());
    const auto at = static_cast<std::size_t>(ends.first - expected.begin());
    const std::string_view before = expected.substr(0, at);
    const std::size_t newline = before.rfind('\n');
    const std::size_t line = newline == std::string_view::npos ? 0 : newline + 1;
    const std::size_t begin = std::max(line, at - std::min<std::size_t>(at, 120));
    const auto shown = [&](std::string_view image) {
        const std::string_view rest = image.substr(begin);
        return std::string(rest.substr(0, std::min(rest.find('\n'), at - begin + 120)));
    };
    return "line " + std::to_string(std::count(before.begin(), before.end(), '\n') + 1) + "\n  expected " +
           shown(expected) + "\n  found    " + shown(found);
}

}  // namespace milepost::state_dicts
