#include "contents.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

namespace milepost::cli {
namespace {

std::uint64_t count_in(const StableVector<Value>& items) {
    std::uint64_t count = 0;
    for (const Value& item : items)
        count += tensor_count(item);
    return count;
}

/// Keys hold no tensors.
std::uint64_t count_in(const StableVector<std::pair<Value, Value>>& items) {
    std::uint64_t count = 0;
    for (const auto& item : items)
        count += tensor_count(item.second);
    return count;
}

}  // namespace

Result<Reader> open_file(const std::string& file) {
    return Reader::open(file, {.access = Access::read});
}

std::uint64_t visit_tensors(const Reader& reader, const ListedPath& listed, const VisitTensor& visit) {
    std::uint64_t visited = 0;
    for (std::uint32_t i = 0; i < reader.tensor_count(); ++i) {
        const std::string path = reader.tensor_path(i);
        if (!listed(path)) continue;
        const auto tensor = reader.tensor_at(i);
        if (!tensor) continue;  // there is one of each number
        visit(path, *tensor);
        ++visited;
    }
    return visited;
}

std::string nothing_text(const std::string& file, const std::string& pattern) {
    if (pattern.empty()) return fmt::format("{}: the checkpoint has no tensors", escape(file));
    const std::string shown = escape(pattern);
    return fmt::format(
        "{}: no tensor has a path that matches '{}'; to find it anywhere in a path, use '*{}*'", escape(file),
        shown, shown);
}

Strides contiguous_strides(const Shape& shape) {
    Strides strides(shape.size());
    std::uint64_t product = 1;
    for (std::size_t dim = shape.size(); dim-- > 0;) {
        strides[dim] = product;
        product *= shape[dim];
    }
    return strides;
}

std::uint64_t tensor_count(const Value& value) {
    if (value.get_if<TensorView>() != nullptr) return 1;
    if (const auto* list = value.get_if<List>()) return count_in(list->items);
    if (const auto* tuple = value.get_if<Tuple>()) return count_in(tuple->items);
    if (const auto* dict = value.get_if<Dict>()) {
        return count_in(dict->items) + count_in(dict->attributes);
    }
    return 0;  // elements of a set are keys
}

}  // namespace milepost::cli
