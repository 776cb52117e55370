#include "saving/streamed_tensor.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"
#include "codec/codec.hpp"
#include "core/layout.hpp"
#include "format/index.hpp"

namespace milepost::saving {
namespace {

/// The size of a run: enough for several threads. The first run never has more, because the codec may depend
/// on it.
constexpr std::size_t kRunNbytes = 8 * codec::kChunkNbytes;

Error wrong_count(const TensorView& tensor, std::uint64_t found) {
    return Error(Condition::layout,
                 base::message("streamed tensor ", core::dims_text(tensor.shape()), ": expected ",
                               tensor.storage().nbytes(), " bytes, found ", found));
}

/// A storage without bytes, of which only the size is used.
StorageView sized(std::uint64_t nbytes) noexcept {
    return StorageView(std::span(static_cast<const std::byte*>(nullptr), static_cast<std::size_t>(nbytes)));
}

}  // namespace

Result<StreamedTensor> StreamedTensor::make(DtypeInfo dtype, Shape shape, const Limits& limits) {
    const std::uint32_t most = format::greatest_rank(limits);
    if (shape.size() > most) {
        return Error(Condition::rank,
                     base::message("a streamed tensor has rank ", shape.size(), ", the limit is ", most));
    }
    const std::uint64_t nbytes = core::extent_nbytes(shape, {}, dtype.bits);
    const auto fault = core::find_layout_fault(shape, {}, dtype.bits, 0, nbytes);
    if (fault != core::LayoutFault::none) {
        return Error(Condition::layout,
                     base::message("streamed tensor ", core::dims_text(shape), ": ", core::describe(fault)));
    }
    return StreamedTensor(TensorView(dtype, std::move(shape), sized(nbytes)));
}

Result<void> StreamedTensor::append(std::span<const std::byte> piece,
                                    const std::function<Result<void>(StorageView, std::uint64_t)>& write) {
    const std::uint64_t given = written_ + buffered_;
    if (piece.size() > nbytes() - given) return wrong_count(tensor_, given + piece.size());
    while (!piece.empty()) {
        std::span<const std::byte> run;
        if (buffered_ == 0 && piece.size() >= kRunNbytes) {
            const std::size_t whole = piece.size() / codec::kChunkNbytes * codec::kChunkNbytes;
            run = piece.first(written_ == 0 ? kRunNbytes : whole);
            piece = piece.subspan(run.size());
        } else {
            if (buffer_.empty())
                buffer_ = base::AlignedBuffer(
                    static_cast<std::size_t>(std::min<std::uint64_t>(kRunNbytes, nbytes())));
            const std::size_t taken = std::min(piece.size(), kRunNbytes - buffered_);
            std::memcpy(buffer_.bytes().data() + buffered_, piece.data(), taken);
            piece = piece.subspan(taken);
            buffered_ += taken;
            if (buffered_ < kRunNbytes && written_ + buffered_ < nbytes()) return {};
            run = std::as_const(buffer_).bytes().first(std::exchange(buffered_, 0));
        }
        MILEPOST_TRY(write(StorageView(run), written_ / codec::kChunkNbytes));
        written_ += run.size();
    }
    return {};
}

Result<void> StreamedTensor::check_complete() const {
    if (written_ == nbytes()) return {};
    return wrong_count(tensor_, written_ + buffered_);
}

}  // namespace milepost::saving
