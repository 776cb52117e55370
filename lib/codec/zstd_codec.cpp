#include "codec/zstd_codec.hpp"

#include <zstd.h>

#include <new>

#include "base/little_endian.hpp"

namespace milepost::codec {
namespace {

constexpr std::uint32_t kFrameMagic = 0xFD2FB528;
constexpr std::uint64_t kMaxWindow = std::uint64_t{1} << 27U;

class ZstdEncoder final : public Encoder {
public:
    explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
        // The defaults, said aloud: the format asks for a content size and for no checksum of zstd's own.
        ZSTD_CCtx_setParameter(context_, ZSTD_c_contentSizeFlag, 1);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 0);
    }
    ZstdEncoder(const ZstdEncoder&) = delete;
    ZstdEncoder& operator=(const ZstdEncoder&) = delete;
    ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

    std::size_t encode(std::span<const std::byte> raw, std::span<std::byte> to) noexcept override {
        // One byte less than the chunk: what does not become smaller fails at once, and stays raw.
        const std::size_t stored =
            ZSTD_compress2(context_, to.data(), raw.size() - 1, raw.data(), raw.size());
        return ZSTD_isError(stored) != 0 ? 0 : stored;
    }

private:
    ZSTD_CCtx* context_;
};

/// RFC 8878, section 3.1.1.1, in the order of the bytes. libzstd's own parser is experimental API, and takes
/// windows of up to 2^31.
std::optional<DecodeFailure> read_header(std::span<const std::byte> frame,
                                         std::uint64_t& content_size) noexcept {
    if (frame.size() < 6 || base::load_le<std::uint32_t>(frame.data()) != kFrameMagic) {
        return DecodeFailure{Condition::codec_frame, "no zstd frame"};
    }
    const auto descriptor = std::to_integer<unsigned>(frame[4]);
    const bool single_segment = (descriptor & 0x20U) != 0;
    if ((descriptor & 0x08U) != 0)
        return DecodeFailure{Condition::codec_frame, "reserved bit of the zstd frame"};
    if ((descriptor & 0x04U) != 0) return DecodeFailure{Condition::codec_frame, "zstd frame has a checksum"};
    if ((descriptor & 0x03U) != 0)
        return DecodeFailure{Condition::codec_frame, "zstd frame wants a dictionary"};
    std::size_t at = 5;
    if (!single_segment) {
        const auto window = std::to_integer<unsigned>(frame[at++]);
        const std::uint64_t size = std::uint64_t{1} << (10U + (window >> 3U));
        if (size + size / 8 * (window & 7U) > kMaxWindow) {
            return DecodeFailure{Condition::codec_frame, "window of the zstd frame is too large"};
        }
    }
    const unsigned size_code = descriptor >> 6U;
    if (size_code == 0 && !single_segment) {
        return DecodeFailure{Condition::codec_size, "zstd frame without content size"};
    }
    const std::size_t width = std::size_t{1} << size_code;
    if (frame.size() - at < width) return DecodeFailure{Condition::codec_frame, "zstd frame is cut"};
    switch (width) {
        case 1:
            content_size = std::to_integer<std::uint64_t>(frame[at]);
            break;
        case 2:
            content_size = base::load_le<std::uint16_t>(&frame[at]) + std::uint64_t{256};
            break;
        case 4:
            content_size = base::load_le<std::uint32_t>(&frame[at]);
            break;
        default:
            content_size = base::load_le<std::uint64_t>(&frame[at]);
            break;
    }
    return std::nullopt;
}

class ZstdDecoder final : public Decoder {
public:
    ZstdDecoder() : context_(ZSTD_createDCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
    }
    ZstdDecoder(const ZstdDecoder&) = delete;
    ZstdDecoder& operator=(const ZstdDecoder&) = delete;
    ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

    std::optional<DecodeFailure> decode(std::span<const std::byte> stored,
                                        std::span<std::byte> to) noexcept override {
        std::uint64_t content_size = 0;
        if (auto failure = read_header(stored, content_size)) return failure;
        if (content_size != to.size()) {
            return DecodeFailure{Condition::codec_size, "zstd frame has another content size"};
        }
        // Decoding alone would accept frames, or skippable frames, behind the first.
        if (ZSTD_findFrameCompressedSize(stored.data(), stored.size()) != stored.size()) {
            return DecodeFailure{Condition::codec_frame, "zstd frame does not fill the chunk"};
        }
        const std::size_t raw =
            ZSTD_decompressDCtx(context_, to.data(), to.size(), stored.data(), stored.size());
        if (ZSTD_isError(raw) != 0)
            return DecodeFailure{Condition::codec_frame, "zstd cannot decode the frame"};
        if (raw != to.size())
            return DecodeFailure{Condition::codec_size, "zstd frame decodes to another size"};
        return std::nullopt;
    }

private:
    ZSTD_DCtx* context_;
};

}  // namespace

std::unique_ptr<Encoder> make_zstd_encoder(int level) {
    return std::make_unique<ZstdEncoder>(level);
}

std::unique_ptr<Decoder> make_zstd_decoder() {
    return std::make_unique<ZstdDecoder>();
}

}  // namespace milepost::codec
