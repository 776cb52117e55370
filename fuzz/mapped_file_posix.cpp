#include "mapped_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include "assertions.hpp"

namespace milepost::fuzz {

MappedFile::MappedFile(std::span<const std::byte> bytes) : descriptor_(memfd_create("fuzz", MFD_CLOEXEC)) {
    require(descriptor_ >= 0, "the system gives a file in memory");
    while (!bytes.empty()) {
        const ssize_t written = write(descriptor_, bytes.data(), bytes.size());
        require(written > 0, "a file in memory can be written");
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

MappedFile::~MappedFile() {
    close(descriptor_);
}

std::string MappedFile::path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
}

}  // namespace milepost::fuzz
