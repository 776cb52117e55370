#include "codec/zstd_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>

#include <zstd.h>

#include <milepost/error.hpp>

#include "codec/codec.hpp"
#include "codec/zstd_frame.hpp"

namespace milepost::codec {
namespace {

class ZstdEncoder final : public Encoder {
public:
    explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
        // These are zstd's defaults. They are set because the format requires them: a content size, and no
        // checksum of zstd's own.
        ZSTD_CCtx_setParameter(context_, ZSTD_c_contentSizeFlag, 1);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 0);
    }
    ZstdEncoder(const ZstdEncoder&) = delete;
    ZstdEncoder& operator=(const ZstdEncoder&) = delete;
    ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

    std::size_t encode(std::span<const std::byte> raw, std::span<std::byte> to) noexcept override {
        // One byte less than the chunk: a chunk that does not become smaller fails early, and is stored raw.
        const std::size_t stored =
            ZSTD_compress2(context_, to.data(), raw.size() - 1, raw.data(), raw.size());
        return ZSTD_isError(stored) != 0 ? 0 : stored;
    }

private:
    ZSTD_CCtx* context_;
};

class ZstdDecoder final : public Decoder {
public:
    ZstdDecoder() : context_(ZSTD_createDCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
    }
    ZstdDecoder(const ZstdDecoder&) = delete;
    ZstdDecoder& operator=(const ZstdDecoder&) = delete;
    ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

    std::optional<DecodeFailure> decode(std::span<const std::byte> stored, std::span<std::byte> to,
                                        TargetMemory /*memory*/) noexcept override {
        if (auto failure = check_zstd_frame(stored, to.size())) return failure;
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

std::unique_ptr<Encoder> make_zstd_encoder(const EncoderOptions& options) {
    return std::make_unique<ZstdEncoder>(options.zstd_level);
}

std::unique_ptr<Decoder> make_zstd_decoder(std::uint8_t /*parameter*/) {
    return std::make_unique<ZstdDecoder>();
}

}  // namespace milepost::codec
