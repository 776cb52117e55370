#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/options.hpp>

namespace milepost::codec {

/// Raw size of every chunk but a storage's last: docs/format.md, section 4. Content hashes depend on it;
/// never change.
inline constexpr std::size_t kChunkNbytes = std::size_t{1} << 20U;

/// Why stored bytes are not a valid chunk of a codec: conditions codec_frame, codec_size.
struct DecodeFailure {
    Condition condition;
    std::string_view what;  ///< static text
};

/// Compresses one chunk after the other. A pure function of bytes and options: what came before does not
/// matter. One thread at a time.
class Encoder {
public:
    virtual ~Encoder() = default;
    /// Writes the stored bytes to `to` and returns their number, or 0 where the chunk does not become
    /// smaller. Requires: to.size() >= raw.size(). It fails as "does not become smaller", since a raw chunk
    /// is always right.
    [[nodiscard]] virtual std::size_t encode(std::span<const std::byte> raw,
                                             std::span<std::byte> to) noexcept = 0;
};

/// What is known about memory that a decoder writes.
enum class TargetMemory : std::uint8_t {
    any,
    /// Has been written before, and is in no cache: for example live parameters of a model. A decoder may
    /// write past the caches, which is much faster then. Memory that was just allocated is in a cache,
    /// because the system clears its pages when they are first written; writing past the caches is slower
    /// there.
    touched,
};

/// Decompresses one chunk after the other, into exactly the memory given. One thread at a time.
class Decoder {
public:
    virtual ~Decoder() = default;
    /// Fills `to`. Requires: the stored bytes' checksum was right.
    [[nodiscard]] virtual std::optional<DecodeFailure> decode(std::span<const std::byte> stored,
                                                              std::span<std::byte> to,
                                                              TargetMemory memory) noexcept = 0;
    [[nodiscard]] std::optional<DecodeFailure> decode(std::span<const std::byte> stored,
                                                      std::span<std::byte> to) noexcept {
        return decode(stored, to, TargetMemory::any);
    }
};

/// What an encoder is made for.
struct EncoderOptions {
    int zstd_level = 3;
    std::uint8_t parameter = 0;  ///< of the codec: docs/format.md, section 4.2
    bool smallest = false;       ///< the smallest chunks, whatever the time; else those that decode fast
};

/// One row of the codec table: everything that the rest of the library knows about a codec.
struct CodecRow {
    Codec code;
    std::string_view name;
    /// The parameters that are defined, from the first to the last.
    ///@{
    std::uint8_t first_parameter;
    std::uint8_t last_parameter;
    ///@}
    /// Null for raw, whose chunks are never encoded; they throw std::bad_alloc. Requires: a parameter that is
    /// defined.
    ///@{
    std::unique_ptr<Encoder> (*make_encoder)(const EncoderOptions& options);
    std::unique_ptr<Decoder> (*make_decoder)(std::uint8_t parameter);
    ///@}
};

/// A codec with its parameter, as a storage has it.
struct CodecChoice {
    const CodecRow* row;
    std::uint8_t parameter = 0;
    friend bool operator==(const CodecChoice&, const CodecChoice&) = default;
};

/// The row of a stored codec number; null for an unknown one.
[[nodiscard]] const CodecRow* find_codec(std::uint8_t code) noexcept;

/// Whether chunks of the codec may be compressed: they then have their own stored sizes.
[[nodiscard]] constexpr bool is_compressing(std::uint8_t code) noexcept {
    return code != static_cast<std::uint8_t>(Codec::raw);
}

}  // namespace milepost::codec
