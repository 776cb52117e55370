// A file whose checksums are made right first, so that the checks after them are reached: see reseal.hpp.

#include <cstddef>
#include <cstdint>

#include "examine.hpp"
#include "support/reseal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    milepost::fuzz::examine(milepost::testing::complete(std::as_bytes(std::span(data, nbytes))));
    return 0;
}
