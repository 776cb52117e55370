#include "saving/choose_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "codec/codec.hpp"

namespace milepost::saving {
namespace {

/// A smaller storage is not compressed, so that it can be mapped.
constexpr std::uint64_t kLeastNbytes = std::uint64_t{16} << 10U;
constexpr std::uint64_t kParts = 4;
constexpr std::uint64_t kPartNbytes = std::uint64_t{64} << 10U;

/// Four parts of the storage, evenly spaced; the whole storage if it is not larger than that.
Result<std::vector<std::byte>> sample_of(const StorageView& storage) {
    const std::uint64_t parts = storage.nbytes() <= kParts * kPartNbytes ? 1 : kParts;
    const std::uint64_t nbytes = parts == 1 ? storage.nbytes() : kPartNbytes;
    std::vector<std::byte> sample(static_cast<std::size_t>(parts * nbytes));
    for (std::uint64_t i = 0; i < parts; ++i) {
        const std::uint64_t begin = parts == 1 ? 0 : (storage.nbytes() - nbytes) / (parts - 1) * i;
        auto part =
            std::span(sample).subspan(static_cast<std::size_t>(i * nbytes), static_cast<std::size_t>(nbytes));
        MILEPOST_TRY(storage.read(begin, part));
    }
    return sample;
}

}  // namespace

Result<const codec::CodecRow*> choose_codec(const StorageView& storage, const SaveOptions& options) {
    const auto* raw = codec::find_codec(static_cast<std::uint8_t>(Codec::raw));
    if (options.codec != Codec::automatic) return codec::find_codec(static_cast<std::uint8_t>(options.codec));
    if (storage.nbytes() < kLeastNbytes) return raw;
    const auto* zstd = codec::find_codec(static_cast<std::uint8_t>(Codec::zstd));
    MILEPOST_TRY_ASSIGN(auto sample, sample_of(storage));
    std::vector<std::byte> stored(sample.size());
    const std::size_t nbytes = zstd->make_encoder(options.zstd_level)->encode(sample, stored);
    return nbytes != 0 && nbytes <= sample.size() / 10 * 9 ? zstd : raw;
}

}  // namespace milepost::saving
