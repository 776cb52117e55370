#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "convert/hdf5/hdf5.hpp"
#include "memory_files.hpp"

/// HDF5 files for tests, made byte by byte: a superblock of version 0, and headers without checksums.
namespace milepost::testing {

inline std::string le(std::uint64_t number, unsigned nbytes) {
    std::string bytes;
    for (; nbytes > 0; --nbytes, number >>= 8U)
        bytes += static_cast<char>(static_cast<unsigned char>(number));
    return bytes;
}

inline std::string padded(std::string bytes) {
    bytes.resize((bytes.size() + 7) / 8 * 8, '\0');
    return bytes;
}

/// A message of an object header.
struct Hdf5Message {
    std::uint64_t type;
    std::string data;
    std::uint64_t flags = 0;
};

inline std::string hdf5_space(const std::vector<std::uint64_t>& dims) {
    std::string bytes = le(1, 1) + le(dims.size(), 1) + le(0, 6);
    for (const std::uint64_t dim : dims)
        bytes += le(dim, 8);
    return bytes;
}
inline std::string hdf5_type(std::uint64_t type_class, std::uint64_t flags, std::uint64_t nbytes,
                             const std::string& more) {
    return le(0x10 | type_class, 1) + le(flags, 3) + le(nbytes, 4) + more;
}
inline std::string hdf5_f32() {
    return hdf5_type(1, 0x1f20, 4,
                     le(0, 2) + le(32, 2) + le(23, 1) + le(8, 1) + le(0, 1) + le(23, 1) + le(127, 4));
}
inline std::string hdf5_i32() {
    return hdf5_type(0, 8, 4, le(0, 2) + le(32, 2));
}
inline std::string hdf5_contiguous(std::uint64_t address, std::uint64_t nbytes) {
    return le(3, 1) + le(1, 1) + le(address, 8) + le(nbytes, 8);
}
inline std::string hdf5_chunked(std::uint64_t tree, const std::vector<std::uint64_t>& chunk,
                                std::uint64_t element) {
    std::string bytes = le(3, 1) + le(2, 1) + le(chunk.size() + 1, 1) + le(tree, 8);
    for (const std::uint64_t dim : chunk)
        bytes += le(dim, 4);
    return bytes + le(element, 4);
}
inline Hdf5Message hdf5_link(std::string_view name, std::uint64_t address) {
    return {6, le(1, 1) + le(0, 1) + le(name.size(), 1) + std::string(name) + le(address, 8)};
}
inline Hdf5Message hdf5_attribute(std::string_view name, const std::string& type, const std::string& space,
                                  const std::string& data) {
    return {12, le(1, 1) + le(0, 1) + le(name.size() + 1, 2) + le(type.size(), 2) + le(space.size(), 2) +
                    padded(std::string(name) + '\0') + padded(type) + padded(space) + data};
}

/// Puts blocks one after the other.
class Hdf5File {
public:
    /// Where the next block will be.
    [[nodiscard]] std::uint64_t next() const { return kBegin + body_.size(); }
    std::uint64_t put(const std::string& block) {
        const std::uint64_t address = next();
        body_ += padded(block);
        return address;
    }
    static std::string messages(const std::vector<Hdf5Message>& messages) {
        std::string bytes;
        for (const Hdf5Message& each : messages) {
            const std::string data = padded(each.data);
            bytes += le(each.type, 2) + le(data.size(), 2) + le(each.flags, 1) + le(0, 3) + data;
        }
        return bytes;
    }
    std::uint64_t object(const std::vector<Hdf5Message>& given) {
        const std::string bytes = messages(given);
        return put(le(1, 2) + le(given.size(), 2) + le(1, 4) + le(bytes.size(), 4) + le(0, 4) + bytes);
    }
    std::uint64_t dataset(const std::string& type, const std::vector<std::uint64_t>& dims,
                          const std::string& layout, std::vector<Hdf5Message> more = {}) {
        more.insert(more.begin(), {{1, hdf5_space(dims)}, {3, type}, {8, layout}});
        return object(more);
    }
    /// A dataset of that many f32.
    std::uint64_t floats(std::uint64_t count) {
        const std::uint64_t data = put(std::string(static_cast<std::size_t>(count) * 4, 'x'));
        return dataset(hdf5_f32(), {count}, hdf5_contiguous(data, 4 * count));
    }
    /// A leaf of a B-tree with chunks: offsets, then address and size.
    struct Chunk {
        std::vector<std::uint64_t> begin;
        std::uint64_t address, nbytes;
    };
    std::uint64_t chunk_tree(const std::vector<Chunk>& chunks) {
        std::string bytes =
            "TREE" + le(1, 1) + le(0, 1) + le(chunks.size(), 2) + le(UINT64_MAX, 8) + le(UINT64_MAX, 8);
        for (const Chunk& chunk : chunks) {
            bytes += le(chunk.nbytes, 4) + le(0, 4);
            for (const std::uint64_t begin : chunk.begin)
                bytes += le(begin, 8);
            bytes += le(0, 8) + le(chunk.address, 8);
        }
        return put(bytes);
    }

    [[nodiscard]] std::string bytes(std::uint64_t root) const {
        return std::string("\x89HDF\r\n\x1a\n", 8) + le(0, 5) + le(8, 1) + le(8, 1) + le(0, 1) + le(4, 2) +
               le(16, 2) + le(0, 4) + le(0, 8) + le(UINT64_MAX, 8) + le(next(), 8) + le(UINT64_MAX, 8) +
               le(0, 8) + le(root, 8) + le(0, 24) + body_;
    }
    /// With one member of the root.
    std::string bytes_of(std::uint64_t member) { return bytes(object({hdf5_link("x", member)})); }

private:
    static constexpr std::uint64_t kBegin = 96;
    std::string body_;
};

/// The verdict on a file, with the message where it is refused.
class GivenHdf5 {
public:
    explicit GivenHdf5(const std::string& bytes, const Limits& limits = {}) {
        const std::string path = "x.h5";
        ImportOptions options;
        options.limits = limits;
        auto imported =
            convert::hdf5::import_hdf5({path, std::make_shared<MemorySource>(bytes), bytes.size(), options});
        if (imported) {
            verdict = "ok";
            checkpoint = *std::move(imported);
            return;
        }
        verdict = std::string(name(imported.error().code())) + '/' +
                  std::string(name(imported.error().condition()));
        message = imported.error().message();
    }
    /// Whether the message has the text.
    [[nodiscard]] bool says(std::string_view what) const { return message.find(what) != std::string::npos; }
    [[nodiscard]] const TensorView& tensor(std::string_view name) const {
        return *checkpoint.models()[0].second.find(name)->get_if<TensorView>();
    }
    /// "ok", or why the bytes of all tensors cannot be read.
    [[nodiscard]] std::string read_all() const {
        for (const auto& [name, value] : checkpoint.models()[0].second) {
            const auto read = value.get_if<TensorView>()->read_blocks([](auto) { return Result<void>(); });
            if (!read) return read.error().to_string();
        }
        return "ok";
    }

    std::string verdict, message;
    Checkpoint checkpoint;
};

}  // namespace milepost::testing
