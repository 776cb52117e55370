#include "convert/pickle/negated.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/message.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

/// Flips the sign of numbers in a range of a storage. A sign is the highest bit of the last byte of a number.
class NegatedSource final : public Source {
public:
    NegatedSource(StorageView storage, std::size_t number_nbytes, bool flips_even, bool flips_odd)
        : storage_(std::move(storage)),
          number_nbytes_(number_nbytes),
          flips_even_(flips_even),
          flips_odd_(flips_odd) {}

    [[nodiscard]] Result<std::uint64_t> size() const override { return storage_.nbytes(); }
    [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        MILEPOST_TRY(storage_.read(offset, to));
        const std::uint64_t past = offset % number_nbytes_;
        std::uint64_t number = offset / number_nbytes_;
        for (std::uint64_t at = number_nbytes_ - 1 - past; at < to.size(); at += number_nbytes_, ++number) {
            if (number % 2 == 0 ? flips_even_ : flips_odd_)
                to[static_cast<std::size_t>(at)] ^= std::byte{0x80};
        }
        return {};
    }

private:
    StorageView storage_;
    std::size_t number_nbytes_;
    bool flips_even_, flips_odd_;
};

/// Whether the elements are one range of the storage, each once, whatever the order of the dimensions.
bool is_dense(const TensorView& view) {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> dims;
    for (std::size_t i = 0; i < view.strides().size(); ++i) {
        if (view.shape()[i] != 1) dims.emplace_back(view.strides()[i], view.shape()[i]);
    }
    std::sort(dims.begin(), dims.end());
    std::uint64_t expected = 1;
    for (const auto& [stride, size] : dims) {
        if (stride != expected) return false;
        expected *= size;  // at most the elements of the storage, of which the layout is
    }
    return true;
}

}  // namespace

Result<TensorView> negated(const TensorView& view, bool is_conjugate, bool is_negative) {
    const Dtype dtype = view.dtype().code;
    const bool is_complex = dtype == Dtype::c64 || dtype == Dtype::c128;
    const bool is_float =
        dtype == Dtype::f16 || dtype == Dtype::bf16 || dtype == Dtype::f32 || dtype == Dtype::f64;
    if (!is_complex && (!is_float || is_conjugate))
        return Error(Condition::feature,
                     message("is a conjugate or negative view of the dtype ", view.dtype().name));
    if (!is_dense(view))
        return Error(Condition::feature,
                     "is a conjugate or negative view with gaps: save its resolve_conj() or resolve_neg()");
    MILEPOST_TRY_ASSIGN(auto range, view.storage().part(view.offset(), view.offset() + view.nbytes()));
    StorageView storage;
    if (range.nbytes() != 0) {
        const std::size_t number_nbytes = view.dtype().bits / (is_complex ? 16U : 8U);
        const bool flips_odd = is_complex ? is_conjugate != is_negative : is_negative;
        const std::uint64_t nbytes = range.nbytes();
        MILEPOST_TRY_ASSIGN(storage,
                            StorageView::from(std::make_shared<NegatedSource>(std::move(range), number_nbytes,
                                                                              is_negative, flips_odd),
                                              0, nbytes));
    }
    return TensorView(view.dtype(), view.shape(), storage, 0, view.strides());
}

}  // namespace milepost::convert::pickle
