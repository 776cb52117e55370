#include "run/checkpoint_name.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

using milepost::run::CheckpointName;
using milepost::run::parse_name;
using milepost::run::to_text;

TEST_CASE("name: six digits at least, the step, and a suffix for a file") {
    CHECK(to_text({42, 1500, false}) == "000042.step-1500.milepost");
    CHECK(to_text({42, 1500, true}) == "000042.step-1500");
    CHECK(to_text({999'999, 0, false}) == "999999.step-0.milepost");
    CHECK(to_text({1'000'000, 7, false}) == "1000000.step-7.milepost");
    CHECK(to_text({UINT64_MAX, UINT64_MAX, false}) ==
          "18446744073709551615.step-18446744073709551615.milepost");
}

TEST_CASE("name: what is written is read") {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{99'999},
                                       std::uint64_t{999'999}, std::uint64_t{1'000'000}, UINT64_MAX}) {
        for (const std::uint64_t step : {std::uint64_t{0}, std::uint64_t{10}, UINT64_MAX}) {
            for (const bool is_folder : {false, true}) {
                const CheckpointName name{number, step, is_folder};
                CAPTURE(to_text(name));
                CHECK(parse_name(to_text(name)) == name);
            }
        }
    }
}

TEST_CASE("name: every other spelling is another name") {
    for (const std::string_view text : {
             "",
             "notes.txt",
             "42.step-1500.milepost",
             "00042.step-1500.milepost",
             "0000042.step-1500.milepost",
             "-00042.step-1500.milepost",
             "+00042.step-1500.milepost",
             " 000042.step-1500.milepost",
             "000042.step-01500.milepost",
             "000042.step-00.milepost",
             "000042.step-.milepost",
             "000042.step--1.milepost",
             "000042.step-1500.",
             "000042.step-1500.milepost.prev",
             "000042.step-1500.MILEPOST",
             "000042.step-1500milepost",
             "000042.Step-1500.milepost",
             "000042.1500.milepost",
             "000042",
             "000042.step-",
             "000042.step-1500 ",
             ".000042.step-1500.milepost.0123456789abcdef.tmp",
             "0x0042.step-1500.milepost",
             "18446744073709551616.step-1.milepost",  // 2^64
             "000001.step-18446744073709551616.milepost",
             "99999999999999999999999999.step-1.milepost",
         }) {
        CAPTURE(text);
        CHECK_FALSE(parse_name(text));
    }
    CHECK_FALSE(parse_name(std::string_view("000042.step-1500.milepost\0", 26)));
}

TEST_CASE("name: the number decides, then the step") {
    CHECK(CheckpointName{2, 1, false} > CheckpointName{1, 9, false});
    CHECK(CheckpointName{2, 9, false} > CheckpointName{2, 1, false});
    CHECK(CheckpointName{2, 1, true} > CheckpointName{2, 1, false});
    CHECK(CheckpointName{1'000'000, 1, false} > CheckpointName{999'999, 1, false});
}
