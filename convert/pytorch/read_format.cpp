#include "convert/pytorch/read_format.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/import_input.hpp"

namespace milepost::convert::pytorch {
namespace {

using base::message;

/// Where a tar archive has its magic.
constexpr std::size_t kTarMagicAt = 257;
constexpr std::string_view kTarMagic = "ustar";

}  // namespace

Result<std::string> read_text(const Source& source, std::uint64_t begin, std::uint64_t nbytes,
                              const Limits& limits) {
    if (nbytes > limits.max_index_bytes)
        return Error(Condition::index_bytes,
                     message("has ", nbytes, " bytes, more than ", limits.max_index_bytes));
    std::string text(static_cast<std::size_t>(nbytes), '\0');
    MILEPOST_TRY(source.read(begin, std::as_writable_bytes(std::span(text))));
    return text;
}

Result<Checkpoint> import_pytorch(const ImportInput& input) {
    const std::uint64_t nbytes = std::min<std::uint64_t>(input.size, kTarMagicAt + kTarMagic.size());
    MILEPOST_TRY_ASSIGN(const std::string begin, read_text(*input.source, 0, nbytes, input.options.limits));
    if (begin.starts_with("PK")) return import_archive(input);
    if (begin.size() == kTarMagicAt + kTarMagic.size() && begin.ends_with(kTarMagic))
        return Error(
            Condition::feature,
            "a tar archive, as PyTorch before 0.1.10 wrote them: load it with PyTorch, and save it again");
    return import_legacy(input);
}

}  // namespace milepost::convert::pytorch
