#include "convert/tensor_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::convert {
namespace {

/// A chunk of a checkpoint: blocks that begin at its multiples decode each chunk once.
constexpr std::uint64_t kBlockNbytes = std::uint64_t{1} << 20U;
/// The elements of a block of a strided tensor can be anywhere in its storage, which is then read once for
/// each block: fewer and larger ones.
constexpr std::uint64_t kStridedBlockNbytes = std::uint64_t{64} << 20U;

}  // namespace

Result<void> TensorWriter::write(const TensorView& tensor) {
    return tensor.read_blocks([this](std::span<const std::byte> block) { return hand_over(block); },
                              tensor.is_contiguous() ? kBlockNbytes : kStridedBlockNbytes);
}

Result<void> TensorWriter::write(const StorageView& storage, std::uint64_t begin, std::uint64_t nbytes) {
    for (std::uint64_t done = 0; done < nbytes;) {
        const std::uint64_t size = std::min(nbytes - done, kBlockNbytes);
        block_.resize(static_cast<std::size_t>(size));
        MILEPOST_TRY(storage.read(begin + done, block_));
        MILEPOST_TRY(hand_over(block_));
        done += size;
    }
    return {};
}

Result<void> TensorWriter::hand_over(std::span<const std::byte> bytes) {
    MILEPOST_TRY(put_(bytes));
    return progress_.add(bytes.size());
}

}  // namespace milepost::convert
