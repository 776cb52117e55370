#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace milepost::fuzz {

/// Bytes under a path, in memory: what a mapping of them shows can be compared with what reads see.
class MappedFile {
public:
    explicit MappedFile(std::span<const std::byte> bytes);
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::string path() const;

private:
    int descriptor_;
};

}  // namespace milepost::fuzz
