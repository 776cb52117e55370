#include "saving/choose_codec.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"
#include "saving/new_storage.hpp"

namespace milepost::saving {
namespace {

/// A smaller storage is not compressed, so that it can be mapped.
constexpr std::uint64_t kLeastNbytes = std::uint64_t{16} << 10U;
constexpr std::uint64_t kParts = 4;
constexpr std::uint64_t kPartNbytes = std::uint64_t{64} << 10U;
constexpr std::uint64_t kPartAlignment = 64;

/// Four parts of the storage, evenly spaced, which begin with a whole word; the whole storage if it is not
/// larger than that.
Result<std::vector<std::byte>> sample_of(const StorageView& storage) {
    const std::uint64_t parts = storage.nbytes() <= kParts * kPartNbytes ? 1 : kParts;
    const std::uint64_t nbytes = parts == 1 ? storage.nbytes() : kPartNbytes;
    std::vector<std::byte> sample(static_cast<std::size_t>(parts * nbytes));
    for (std::uint64_t i = 0; i < parts; ++i) {
        const std::uint64_t apart = parts == 1 ? 0 : (storage.nbytes() - nbytes) / (parts - 1);
        const std::uint64_t begin = apart / kPartAlignment * kPartAlignment * i;
        auto part =
            std::span(sample).subspan(static_cast<std::size_t>(i * nbytes), static_cast<std::size_t>(nbytes));
        MILEPOST_TRY(storage.read(begin, part));
    }
    return sample;
}

/// The parameter of the codec planes for a dtype; 0 for one that it is not for.
std::uint8_t planes_parameter(Dtype dtype) noexcept {
    switch (dtype) {
        case Dtype::f8_e4m3fn:
        case Dtype::f8_e5m2:
        case Dtype::f8_e4m3fnuz:
        case Dtype::f8_e5m2fnuz:
        case Dtype::f8_e8m0fnu:
        case Dtype::f8_e3m4:
        case Dtype::f8_e4m3:
        case Dtype::f8_e4m3b11fnuz:
            return 1;
        case Dtype::f16:
            return 2;
        case Dtype::bf16:
            return 3;
        case Dtype::f32:
        case Dtype::c64:
            return 4;
        case Dtype::f64:
        case Dtype::c128:
            return 5;
        default:
            return 0;
    }
}

codec::CodecChoice choice_of(Codec codec, std::uint8_t parameter = 0) noexcept {
    return {codec::find_codec(static_cast<std::uint8_t>(codec)), parameter};
}

/// The size of the sample as a chunk of the codec; its raw size if it does not become smaller.
std::size_t sample_nbytes(const codec::CodecChoice& choice, const SaveOptions& options,
                          std::span<const std::byte> sample) {
    std::vector<std::byte> stored(sample.size());
    const std::size_t nbytes =
        choice.row->make_encoder(encoder_options(options, choice.parameter))->encode(sample, stored);
    return nbytes == 0 ? sample.size() : nbytes;
}

bool gains(std::size_t nbytes, std::size_t raw_nbytes, std::size_t percent) noexcept {
    return nbytes <= raw_nbytes / 100 * (100 - percent);
}

}  // namespace

codec::EncoderOptions encoder_options(const SaveOptions& options, std::uint8_t parameter) noexcept {
    return {options.zstd_level, parameter, options.codec == Codec::smallest};
}

Result<codec::CodecChoice> choose_codec(const NewStorage& storage, const SaveOptions& options) {
    const codec::CodecChoice raw = choice_of(Codec::raw), zstd = choice_of(Codec::zstd);
    if (options.codec == Codec::raw || options.codec == Codec::zstd) return choice_of(options.codec);
    const codec::CodecChoice planes = choice_of(Codec::planes, planes_parameter(storage.dtype));
    const bool is_float = planes.parameter != 0;
    if (options.codec == Codec::planes && is_float) return planes;
    if (storage.view.nbytes() < kLeastNbytes) return raw;
    MILEPOST_TRY_ASSIGN(const auto sample, sample_of(storage.view));
    const std::size_t by_zstd = sample_nbytes(zstd, options, sample);
    const std::size_t by_planes = is_float ? sample_nbytes(planes, options, sample) : sample.size();
    if (options.codec == Codec::smallest) {
        const bool is_planes = is_float && by_planes <= by_zstd;
        return !gains(std::min(by_planes, by_zstd), sample.size(), 1) ? raw : is_planes ? planes : zstd;
    }
    if (gains(by_planes, sample.size(), 5) && by_planes <= by_zstd / 100 * 103) return planes;
    return gains(by_zstd, sample.size(), 10) ? zstd : raw;
}

}  // namespace milepost::saving
