#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <vector>

#include <milepost/digest.hpp>
#include <milepost/error.hpp>

using milepost::Condition;
using milepost::Digest;

TEST_CASE("digest: text and back") {
    Digest digest;
    CHECK(digest.to_string() == "xxh3-128:00000000000000000000000000000000");
    for (unsigned i = 0; i < 16; ++i)
        digest.bytes[i] = static_cast<std::byte>(i * 17);
    const std::string text = "xxh3-128:00112233445566778899aabbccddeeff";
    CHECK(digest.to_string() == text);
    REQUIRE(Digest::parse(text));
    CHECK(*Digest::parse(text) == digest);
    CHECK(*Digest::parse(text) != Digest());
}

TEST_CASE("digest: what is not the text of one") {
    const std::string text = "xxh3-128:00112233445566778899aabbccddeeff";
    const std::string digits = text.substr(9);
    const std::vector<std::string> all = {"",
                                          digits,
                                          text + "0",
                                          text.substr(0, 40),
                                          "sha256:" + digits,
                                          " " + text,
                                          "xxh3-128:00112233445566778899AABBCCDDEEFF",
                                          "xxh3-128:00112233445566778899aabbccddeefg"};
    for (const std::string& wrong : all) {
        INFO(wrong);
        const auto refused = Digest::parse(wrong);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().condition() == Condition::option);
    }
}
