#include "json_document.hpp"

#include <string_view>

#include "json_value.hpp"
#include "terminal.hpp"

namespace milepost::cli {

JsonDocument::JsonDocument(std::string_view schema) {
    print("{\"schema\": " + dump(schema));
}

void JsonDocument::begin_field(std::string_view key) {
    print(",\n " + dump(key) + ": ");
}

void JsonDocument::field(std::string_view key, const Json& value) {
    begin_field(key);
    print(dump(value));
}

void JsonDocument::begin_list(std::string_view key) {
    begin_field(key);
    print("[");
    first_row_ = true;
}

void JsonDocument::row(const Json& value) {
    print(first_row_ ? "\n  " : ",\n  ");
    print(dump(value));
    first_row_ = false;
}

void JsonDocument::end_list() {
    print("]");
}

void JsonDocument::end() {
    print("}\n");
}

}  // namespace milepost::cli
