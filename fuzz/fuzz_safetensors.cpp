// The bytes of a safetensors file, or of an index of shards, of which none is there.

#include <cstddef>
#include <cstdint>
#include <span>

#include "convert/safetensors/safetensors.hpp"
#include "examine_import.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost::convert::safetensors;
    milepost::fuzz::examine_import(std::as_bytes(std::span(data, nbytes)), import_safetensors,
                                   write_safetensors);
    return 0;
}
