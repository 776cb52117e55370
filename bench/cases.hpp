#pragma once

#include "fixture.hpp"

namespace bench {

// Each registers the cases of one group. The fixture must outlive the run.

void add_unit_cases(Fixture& fixture);    ///< what the machine can do, each against M1
void add_open_cases(Fixture& fixture);    ///< open-floor, open-json, open-million, first-tensor
void add_load_cases(Fixture& fixture);    ///< load-fresh, load-reused, verify
void add_cold_cases(Fixture& fixture);    ///< cold-tensor, cold-raw, cold-packed
void add_save_cases(Fixture& fixture);    ///< save-raw, save-buffered, save-packed, packed-over-raw
void add_async_cases(Fixture& fixture);   ///< stall
void add_codec_cases(Fixture& fixture);   ///< planes: compression and decompression on one core
void add_memory_cases(Fixture& fixture);  ///< what a save and a load take beyond the tensors

}  // namespace bench
