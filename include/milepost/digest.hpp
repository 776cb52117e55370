#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include <milepost/export.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// What Reader::digest() and Reader::tensor_digest() return: the digest of a content (docs/format.md, section
/// 6.7). It is XXH3-128, and so finds accidents and mix-ups: damage, an old file, the file of another run. It
/// does not protect from somebody who makes another content with the same digest on purpose.
///
///     auto file = milepost::Reader::open("lenet.milepost");
///     if (!file) return fail(file.error());
///     std::puts(file->digest().to_string().c_str());     // xxh3-128:a65c05c1a1cd4ae9e1c6c69a41c2a8ae
///
/// A plain value.
struct Digest {
    std::array<std::byte, 16> bytes{};  ///< as Checksum128 of docs/format.md, section 2

    /// "xxh3-128:" and 32 lower-case hex digits. Throws std::bad_alloc.
    [[nodiscard]] MILEPOST_API std::string to_string() const;
    /// The digest that to_string() wrote so. Errors: invalid_argument/option for any other text.
    [[nodiscard]] MILEPOST_API static Result<Digest> parse(std::string_view text);

    friend bool operator==(const Digest&, const Digest&) = default;
};

}  // namespace milepost
