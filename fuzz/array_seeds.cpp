#include "array_seeds.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <zlib.h>

#include "assertions.hpp"
#include "convert/numpy/array_header.hpp"
#include "convert/zip/archive_writer.hpp"

namespace milepost::fuzz {
namespace {

std::string number(std::uint64_t value, unsigned nbytes) {
    std::string bytes;
    for (; nbytes > 0; --nbytes, value >>= 8U)
        bytes += static_cast<char>(static_cast<unsigned char>(value));
    return bytes;
}

std::string safetensors(std::string_view header, std::string_view data) {
    return number(header.size(), 8) + std::string(header) + std::string(data);
}

std::string npy(std::string_view text, std::string_view data) {
    return std::string("\x93NUMPY\x01\0", 8) + number(text.size(), 2) + std::string(text) + std::string(data);
}

std::string stored(const std::vector<std::pair<std::string, std::string>>& entries) {
    MemorySink sink;
    convert::ArchiveWriter writer(sink);
    for (const auto& [name, content] : entries) {
        require(writer.begin(name, content.size()) && writer.write(std::as_bytes(std::span(content))) &&
                    writer.end(),
                "a seed can be written");
    }
    require(writer.finish().has_value(), "a seed can be written");
    return {reinterpret_cast<const char*>(sink.bytes().data()), sink.bytes().size()};
}

/// An archive with one entry, as one block of deflate that is not compressed.
std::string deflated(const std::string& name, const std::string& raw) {
    const std::string block = '\x01' + number(raw.size(), 2) + number(~raw.size(), 2) + raw;
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(raw.data()), static_cast<uInt>(raw.size()));
    const std::string facts = number(20, 2) + number(0, 2) + number(8, 2) + number(0, 4) + number(crc, 4) +
                              number(block.size(), 4) + number(raw.size(), 4) + number(name.size(), 2);
    const std::string local = "PK\x03\x04" + facts + number(0, 2) + name + block;
    const std::string central = "PK\x01\x02" + number(20, 2) + facts + number(0, 12) + number(0, 4) + name;
    return local + central + "PK\x05\x06" + number(0, 4) + number(1, 2) + number(1, 2) +
           number(central.size(), 4) + number(local.size(), 4) + number(0, 2);
}

}  // namespace

void make_array_seeds(
    const std::function<void(std::string_view folder, std::string_view name, std::string_view bytes)>& put) {
    const auto st = [&](std::string_view name, std::string_view bytes) { put("safetensors", name, bytes); };
    st("empty", safetensors("{}", ""));
    st("tensors",
       safetensors(R"({"__metadata__":{"format":"pt","\u00e9":""},"a":{"dtype":"F32","shape":[2],)"
                   R"("data_offsets":[2,10]},"b":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}})",
                   "abcdefghij"));
    st("small", safetensors(R"({"a":{"dtype":"F4","shape":[2,0],"data_offsets":[0,0]}}  )", ""));
    st("index", R"({"metadata":{"total_size":1,"x":[{}]},"weight_map":{"a":"1.safetensors"}})");
    const auto np = [&](std::string_view name, std::string_view bytes) { put("npy", name, bytes); };
    const std::string array = convert::numpy::encode_array_header("<f4", {2}) + "abcdefgh";
    np("array", array);
    np("fortran", npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 2), }", "abcdefgh"));
    np("objects", npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }", ""));
    np("fields", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "abcd"));
    np("archive", stored({{"a.npy", array},
                          {"b/c.npy", npy("{'shape':(0,),'fortran_order':False,'descr':'|u1'}", "")}}));
    np("empty_archive", stored({}));
    np("deflated", deflated("a.npy", array));
}

}  // namespace milepost::fuzz
