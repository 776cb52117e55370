// The bytes of a file, as they are.

#include <cstddef>
#include <cstdint>

#include "examine.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    milepost::fuzz::examine(std::as_bytes(std::span(data, nbytes)));
    return 0;
}
