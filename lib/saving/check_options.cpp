#include "saving/check_options.hpp"

#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "codec/codec.hpp"
#include "format/file_layout.hpp"

namespace milepost::saving {

using base::message;

Result<void> check_options(const SaveOptions& options) {
    if (!format::is_alignment(options.alignment)) {
        return Error(
            Condition::option,
            message("alignment expected a power of two from 64 to 2097152, found ", options.alignment));
    }
    if (options.zstd_level < 1 || options.zstd_level > 19) {
        return Error(Condition::option, message("zstd_level expected 1 to 19, found ", options.zstd_level));
    }
    if (options.codec != Codec::automatic && options.codec != Codec::smallest &&
        codec::find_codec(static_cast<std::uint8_t>(options.codec)) == nullptr) {
        return Error(Condition::option,
                     message("codec ", static_cast<unsigned>(options.codec), " is unknown"));
    }
    return {};
}

}  // namespace milepost::saving
