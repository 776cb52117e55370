#pragma once

#include <string_view>

#include "json_value.hpp"

namespace milepost::cli {

/// Prints one JSON document to stdout: one line for each key and for each row of a long list. A listing of
/// millions of rows needs the memory of one row, and tools that work on lines can read it.
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
    /// Prints all of `items`, each converted by `to_json`.
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
