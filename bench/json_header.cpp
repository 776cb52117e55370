#include "json_header.hpp"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "files.hpp"

namespace bench {

namespace {

struct Entry {
    std::string dtype;
    std::vector<std::uint64_t> shape;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
};

/// Throws simdjson_error if a value is missing or of another type.
Entry entry_of(simdjson::ondemand::object object) {
    Entry entry;
    for (auto field : object) {
        const std::string_view key = field.unescaped_key();
        simdjson::ondemand::value value = field.value();
        if (key == "dtype") {
            entry.dtype = std::string_view(value.get_string());
        } else if (key == "shape") {
            for (auto dim : value.get_array())
                entry.shape.push_back(dim.get_uint64());
        } else if (key == "data_offsets") {
            std::vector<std::uint64_t> offsets;
            for (auto offset : value.get_array())
                offsets.push_back(offset.get_uint64());
            if (offsets.size() != 2)
                throw std::runtime_error("safetensors: data_offsets has not two numbers");
            entry.begin = offsets[0];
            entry.end = offsets[1];
        }
    }
    return entry;
}

}  // namespace

std::size_t open_safetensors(const std::string& path) {
    const Mapping mapping(path);
    const std::span<const std::byte> bytes = mapping.bytes();
    std::uint64_t header_nbytes = 0;
    std::memcpy(&header_nbytes, bytes.data(), sizeof header_nbytes);
    if (header_nbytes > bytes.size() - sizeof header_nbytes)
        throw std::runtime_error("safetensors: header too long");
    const std::uint64_t data_nbytes = bytes.size() - sizeof header_nbytes - header_nbytes;
    const simdjson::padded_string header(reinterpret_cast<const char*>(bytes.data()) + sizeof header_nbytes,
                                         header_nbytes);
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document = parser.iterate(header);
    std::unordered_map<std::string, Entry> entries;
    for (auto field : document.get_object()) {
        const std::string_view name = field.unescaped_key();
        Entry entry = entry_of(field.value().get_object());
        if (entry.begin > entry.end || entry.end > data_nbytes)
            throw std::runtime_error("safetensors: range");
        entries.emplace(name, std::move(entry));
    }
    return entries.size();
}

}  // namespace bench
