// The bytes of a .npz archive, as it is and with right checksums, or of a .npy file: what does not begin as
// an archive is one.

#include <cstddef>
#include <cstdint>
#include <span>

#include "archive_again.hpp"
#include "convert/numpy/numpy.hpp"
#include "examine_import.hpp"

namespace {

using namespace milepost;

bool is_archive(std::span<const std::byte> bytes) {
    return bytes.size() >= 2 && bytes[0] == std::byte{'P'} && bytes[1] == std::byte{'K'};
}

/// What is written is an archive, whatever was read.
Result<Checkpoint> import_either(const convert::ImportInput& input) {
    std::byte begin[2];
    const bool archive = input.size >= 2 && input.source->read(0, begin).has_value() &&
                         is_archive(std::span<const std::byte>(begin));
    return archive ? convert::numpy::import_npz(input) : convert::numpy::import_npy(input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    const auto bytes = std::as_bytes(std::span(data, nbytes));
    const auto examine = [](std::span<const std::byte> file) {
        milepost::fuzz::examine_import(file, import_either, convert::numpy::write_npz);
    };
    examine(bytes);
    if (!is_archive(bytes)) return 0;
    if (const auto archive = milepost::fuzz::archive_again(bytes)) examine(*archive);
    return 0;
}
