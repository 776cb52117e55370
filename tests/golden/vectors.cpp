#include "golden/vectors.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/checksum.hpp"
#include "core/canonical_key.hpp"
#include "support/samples.hpp"

namespace milepost::golden {
namespace {

/// A JSON string of printable ASCII.
std::string quoted(std::string_view text) {
    std::string json = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') json += '\\';
        json += c;
    }
    return json + '"';
}

std::string hex(std::string_view bytes) {
    return codec::to_hex(std::as_bytes(std::span(bytes)));
}

std::string checksum_json(std::string_view input) {
    const auto bytes = std::as_bytes(std::span(input));
    return "{\"input\": " + quoted(hex(input)) +
           ", \"checksum128\": " + quoted(codec::to_hex(codec::checksum128(bytes))) +
           ", \"checksum64\": " + quoted(codec::to_hex(codec::checksum64(bytes))) + "}";
}

struct KeyVector {
    std::string_view json;  ///< the key; a float as the bits of its binary64, bytes in hex
    Value key;
};

Value bytes_key(std::vector<std::byte> bytes, BytesSubtype subtype) {
    return Bytes{std::move(bytes), subtype};
}

std::vector<KeyVector> key_vectors() {
    const std::vector<std::byte> two = {std::byte{0}, std::byte{0xFF}};
    std::vector<KeyVector> keys;
    keys.push_back({R"({"kind": "null"})", nullptr});
    keys.push_back({R"({"kind": "bool", "value": true})", true});
    keys.push_back({R"({"kind": "int", "value": 0})", 0});
    keys.push_back({R"({"kind": "int", "value": 1})", 1});
    keys.push_back({R"({"kind": "int", "value": 127})", 127});
    keys.push_back({R"({"kind": "int", "value": 128})", 128});
    keys.push_back({R"({"kind": "int", "value": -1})", -1});
    keys.push_back({R"({"kind": "int", "value": -129})", -129});
    keys.push_back({R"({"kind": "float", "bits": "3ff0000000000000"})", 1.0});
    keys.push_back({R"({"kind": "float", "bits": "8000000000000000"})", -0.0});
    keys.push_back({R"({"kind": "float", "bits": "3fe0000000000000"})", 0.5});
    keys.push_back({R"({"kind": "float", "bits": "4400000000000000"})", 36893488147419103232.0});
    keys.push_back(
        {R"({"kind": "float", "bits": "7ff0000000000000"})", testing::double_of(0x7FF0000000000000)});
    keys.push_back({R"({"kind": "string", "value": ""})", ""});
    keys.push_back({R"({"kind": "string", "value": "torch.float32"})", "torch.float32"});
    keys.push_back({R"({"kind": "string", "value": "torch.float32", "subtype": "dtype"})",
                    String{"torch.float32", StringSubtype::dtype}});
    keys.push_back({R"({"kind": "bytes", "hex": "00ff"})", bytes_key(two, BytesSubtype::bytes)});
    keys.push_back({R"({"kind": "bytes", "hex": "00ff", "subtype": "bytearray"})",
                    bytes_key(two, BytesSubtype::bytearray)});
    keys.push_back({R"({"kind": "tuple", "items": []})", Tuple{}});
    keys.push_back({R"({"kind": "tuple", "items": [{"kind": "int", "value": 2}, {"kind": "null"}]})",
                    Tuple{{Value(2), Value(nullptr)}, TupleSubtype::tuple}});
    keys.push_back({R"({"kind": "tuple", "items": [{"kind": "int", "value": 2}], "subtype": "Size"})",
                    Tuple{{Value(2)}, TupleSubtype::size}});
    return keys;
}

std::string file_json(const GoldenFile& file) {
    return "{\"file\": " + quoted(file.name) + ", \"verdict\": " + quoted(file.expected) +
           ", \"limits\": " + quoted(file.limits) + ", \"where\": " + quoted(file.where) + "}";
}

/// Of a file that opens; empty for others.
std::string digests_json(const GoldenFile& file) {
    const auto reader = testing::open_bytes(file.bytes);
    if (!reader) return {};
    std::string tensors;
    for (std::uint32_t i = 0; i < reader->tensor_count(); ++i)
        tensors += (i == 0 ? "" : ", ") + quoted(reader->tensor_digest(i)->to_string());
    return "{\"file\": " + quoted(file.name) + ", \"digest\": " + quoted(reader->digest().to_string()) +
           ", \"tensors\": [" + tensors + "]}";
}

std::vector<std::string> all_digests_json(const std::vector<GoldenFile>& files) {
    std::vector<std::string> all;
    for (const GoldenFile& file : files) {
        std::string json = digests_json(file);
        if (!json.empty()) all.push_back(std::move(json));
    }
    return all;
}

/// A member of the document: a list with one element a line.
template <class Elements, class ToJson>
std::string list_json(std::string_view name, const Elements& elements, ToJson to_json) {
    std::string json = "  " + quoted(name) + ": [";
    std::string_view separator = "\n    ";
    for (const auto& element : elements) {
        json += separator;
        json += to_json(element);
        separator = ",\n    ";
    }
    return json + "\n  ]";
}

}  // namespace

std::string make_vectors(const std::vector<GoldenFile>& files) {
    const std::string zeros(1000, '\0');
    const std::vector<std::string_view> inputs = {"", "\x89MLP\r\n\x1a\n", "The quick brown fox", zeros};
    return "{\n" + list_json("files", files, file_json) + ",\n" +
           list_json("checksums", inputs, checksum_json) + ",\n" +
           list_json("keys", key_vectors(),
                     [](const KeyVector& vector) {
                         const auto key = core::canonical_key(vector.key);
                         return "{\"key\": " + std::string(vector.json) +
                                ", \"canonical\": " + quoted(key ? hex(*key) : "") + "}";
                     }) +
           ",\n" +
           list_json("digests", all_digests_json(files), [](const std::string& json) { return json; }) +
           "\n}\n";
}

}  // namespace milepost::golden
