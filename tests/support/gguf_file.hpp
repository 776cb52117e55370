#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace milepost::testing {

/// The bytes of GGUF files, right or wrong, written from the specification alone. Numbers of types are
/// those of the specification.
class GgufFile {
public:
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;
    std::uint64_t more_tensors = 0, more_keys = 0;  ///< than there are, by the header

    template <class T>
    static std::string number(T value) {
        return std::string(reinterpret_cast<const char*>(&value), sizeof value);
    }
    static std::string text(std::string_view value) {
        return number<std::uint64_t>(value.size()) + std::string(value);
    }
    /// An array: the type of its elements, and their bytes.
    static std::string array(std::uint32_t type, const std::vector<std::string>& elements) {
        std::string bytes = number(type) + number<std::uint64_t>(elements.size());
        for (const std::string& element : elements)
            bytes += element;
        return bytes;
    }

    GgufFile& key(std::string_view name, std::uint32_t type, std::string_view value) {
        keys_ += text(name) + number(type) + std::string(value);
        ++key_count_;
        return *this;
    }
    /// At the next aligned place, or at `begin`. Dims are fastest first.
    GgufFile& tensor(std::string_view name, std::vector<std::uint64_t> dims, std::uint32_t type,
                     std::string_view data) {
        return tensor_at(data_.size(), name, dims, type, data);
    }
    GgufFile& tensor_at(std::uint64_t begin, std::string_view name, const std::vector<std::uint64_t>& dims,
                        std::uint32_t type, std::string_view data) {
        infos_ += text(name) + number<std::uint32_t>(static_cast<std::uint32_t>(dims.size()));
        for (const std::uint64_t size : dims)
            infos_ += number(size);
        infos_ += number(type) + number(begin);
        ++tensor_count_;
        data_ += data;
        data_.resize((data_.size() + alignment - 1) / alignment * alignment);
        return *this;
    }

    [[nodiscard]] std::string header() const {
        return "GGUF" + number(version) + number(tensor_count_ + more_tensors) +
               number(key_count_ + more_keys) + keys_ + infos_;
    }
    [[nodiscard]] std::string bytes() const {
        std::string file = header();
        file.resize((file.size() + alignment - 1) / alignment * alignment);
        return file + data_;
    }

private:
    std::string keys_, infos_, data_;
    std::uint64_t key_count_ = 0, tensor_count_ = 0;
};

/// A value of every type, arrays of them, and a tensor of several types.
inline GgufFile every_gguf_type() {
    GgufFile file;
    file.alignment = 64;
    file.key("general.architecture", 8, GgufFile::text("llama"))
        .key("general.alignment", 4, GgufFile::number<std::uint32_t>(64))
        .key("t.u8", 0, GgufFile::number<std::uint8_t>(255))
        .key("t.i8", 1, GgufFile::number<std::int8_t>(-128))
        .key("t.u16", 2, GgufFile::number<std::uint16_t>(65'535))
        .key("t.i16", 3, GgufFile::number<std::int16_t>(-32'768))
        .key("t.u32", 4, GgufFile::number<std::uint32_t>(4'294'967'295U))
        .key("t.i32", 5, GgufFile::number<std::int32_t>(-5))
        .key("t.f32", 6, GgufFile::number<float>(1e-5F))
        .key("t.f32.nan", 6, GgufFile::number<std::uint32_t>(0xff812345U))  // a signaling one
        .key("t.bool", 7, GgufFile::number<std::uint8_t>(1))
        .key("t.u64", 10, GgufFile::number<std::uint64_t>(UINT64_MAX))
        .key("t.i64", 11, GgufFile::number<std::int64_t>(INT64_MIN))
        .key("t.f64", 12, GgufFile::number<double>(0.1))
        .key("t.bytes", 8, GgufFile::text("\xff\xfe"))
        .key("a.string", 9,
             GgufFile::array(8, {GgufFile::text("a"), GgufFile::text(""), GgufFile::text("\xc3")}))
        .key("a.i32", 9, GgufFile::array(5, {GgufFile::number(1), GgufFile::number(-1)}))
        .key("a.bool", 9, GgufFile::array(7, {std::string(1, '\0'), std::string(1, '\1')}))
        .key("a.empty", 9, GgufFile::array(6, {}))
        .key("a.arrays", 9,
             GgufFile::array(9, {GgufFile::array(0, {"\x01", "\x02"}), GgufFile::array(0, {})}))
        .key("a.none", 9, GgufFile::array(9, {GgufFile::array(9, {})}));
    file.tensor("token_embd.weight", {256, 2}, 12, std::string(288, 'q'))  // q4_K
        .tensor("output.weight", {32}, 8, std::string(34, 'w'))            // q8_0
        .tensor("norm.weight", {3, 2}, 0, std::string(24, 'n'))
        .tensor("scalar", {}, 28, std::string(8, 's'))
        .tensor("none", {0, 4}, 1, "")
        .tensor("half", {2, 1, 2}, 30, std::string(8, 'h'));
    return file;
}

}  // namespace milepost::testing
