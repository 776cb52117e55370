#include "files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "failure.hpp"

namespace bench {

File::File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    must_succeed(descriptor_ >= 0, "open " + path);
}

File::~File() {
    ::close(descriptor_);
}

std::size_t File::size() const {
    struct stat status {};
    must_succeed(::fstat(descriptor_, &status) == 0, "fstat");
    return static_cast<std::size_t>(status.st_size);
}

void File::read(std::uint64_t offset, std::span<std::byte> to) const {
    while (!to.empty()) {
        const ssize_t got = ::pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
        must_succeed(got > 0, "pread");
        offset += static_cast<std::uint64_t>(got);
        to = to.subspan(static_cast<std::size_t>(got));
    }
}

void File::write(std::uint64_t offset, std::span<const std::byte> bytes) const {
    while (!bytes.empty()) {
        const ssize_t put = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        must_succeed(put > 0, "pwrite");
        offset += static_cast<std::uint64_t>(put);
        bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
}

void File::sync() const {
    must_succeed(::fsync(descriptor_) == 0, "fsync");
}

Mapping::Mapping(const std::string& path) {
    const File file(path, O_RDONLY);
    const std::size_t nbytes = file.size();
    void* mapped = ::mmap(nullptr, nbytes, PROT_READ, MAP_SHARED, file.descriptor(), 0);
    must_succeed(mapped != MAP_FAILED, "mmap " + path);
    bytes_ = {static_cast<const std::byte*>(mapped), nbytes};
}

Mapping::~Mapping() {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

ScratchFolder::ScratchFolder(const std::filesystem::path& within) {
    std::string name = (within / "milepost-bench-XXXXXX").string();
    must_succeed(::mkdtemp(name.data()) != nullptr, "mkdtemp in " + within.string());
    path_ = name;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void evict(const std::string& path) {
    const File file(path, O_RDONLY);
    must_succeed(::fdatasync(file.descriptor()) == 0, "fdatasync");
    ::posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
}

void warm(const std::string& path) {
    const File file(path, O_RDONLY);
    std::vector<std::byte> piece(std::size_t{1} << 20U);
    const std::size_t nbytes = file.size();
    for (std::size_t offset = 0; offset < nbytes; offset += piece.size())
        file.read(offset, std::span(piece).first(std::min(piece.size(), nbytes - offset)));
}

}  // namespace bench
