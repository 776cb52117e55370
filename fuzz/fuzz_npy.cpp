// The bytes of a .npz archive, or of a .npy file: what does not begin as an archive is one.

#include <cstddef>
#include <cstdint>
#include <span>

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
    milepost::fuzz::examine_import(std::as_bytes(std::span(data, nbytes)), import_either,
                                   convert::numpy::write_npz);
    return 0;
}
