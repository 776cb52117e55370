#pragma once

#include <doctest/doctest.h>

#include <string>

#include <milepost/milepost.hpp>

#include "state_dicts/image.hpp"
#include "support/memory.hpp"

namespace milepost::state_dicts {

/// Saves, opens, verifies; the same image and, saved again, the same bytes, in both codecs. Returns the
/// reader of the raw file.
inline Reader check_round_trip(const Checkpoint& checkpoint) {
    const auto image = image_of(checkpoint);
    REQUIRE(image);
    Result<Reader> raw = Error(Condition::file, "not opened");
    for (const Codec codec : {Codec::zstd, Codec::raw}) {
        const auto file = testing::save_bytes(checkpoint, {.codec = codec});
        REQUIRE_MESSAGE(file, file.error().to_string());
        raw = testing::open_bytes(*file);
        REQUIRE_MESSAGE(raw, raw.error().to_string());
        CHECK(verify(*raw)->ok());
        const Checkpoint loaded = *raw->checkpoint();
        const auto loaded_image = image_of(loaded);
        REQUIRE(loaded_image);
        CHECK(first_difference(*image, *loaded_image) == "");
        const auto again = testing::save_bytes(loaded, {.codec = codec});
        REQUIRE(again);
        CHECK((*again == *file));
    }
    return *std::move(raw);
}

}  // namespace milepost::state_dicts
