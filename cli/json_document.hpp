#pragma once

#include <string_view>

#include "json_value.hpp"

namespace milepost::cli {

/// Prints one JSON document to stdout: a key a line, and the rows of a long list a line each, so that a
/// listing of millions of rows takes the memory of one, and line tools can read it too.
///
///     JsonDocument document("milepost.ls/1");
///     document.field("file_size", number_json(nbytes));
///     document.list("tensors", tensors, tensor_json);
///     document.end();
class JsonDocument {
public:
    explicit JsonDocument(std::string_view schema);

    void field(std::string_view key, const Json& value);

    void begin_list(std::string_view key);
    void row(const Json& value);
    void end_list();
    /// All of `items`, each as `to_json` makes it.
    template <class Items, class ToJson>
    void list(std::string_view key, const Items& items, ToJson to_json) {
        begin_list(key);
        for (const auto& item : items)
            row(to_json(item));
        end_list();
    }

    void end();

private:
    void begin_field(std::string_view key);

    bool first_row_ = true;
};

}  // namespace milepost::cli
