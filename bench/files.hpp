#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace bench {

/// An open file. Throws if it cannot be opened. Move-only.
class File {
public:
    File(const std::string& path, int flags);
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    ~File();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] std::size_t size() const;
    /// All of the bytes, or an exception.
    ///@{
    void read(std::uint64_t offset, std::span<std::byte> to) const;
    void write(std::uint64_t offset, std::span<const std::byte> bytes) const;
    ///@}
    void sync() const;

private:
    int descriptor_;
};

/// A file mapped for reading, as `mmap` does by default.
class Mapping {
public:
    explicit Mapping(const std::string& path);
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping();

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

private:
    std::span<const std::byte> bytes_;
};

/// A folder of its own for the files of one run, removed with all of them at the end.
class ScratchFolder {
public:
    explicit ScratchFolder(const std::filesystem::path& within);
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ~ScratchFolder();

    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

/// Writes the file back and drops it from the page cache, so that the next read comes from the disk.
void evict(const std::string& path);

/// Reads the file once, so that the page cache has it.
void warm(const std::string& path);

}  // namespace bench
