#include "cast_source.hpp"

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

namespace milepost::cli {
namespace {

constexpr std::uint64_t kBlockElements = 65'536;

/// The elements of a storage, converted. Any thread.
class CastSource final : public Source {
public:
    CastSource(StorageView from, const DtypeInfo& from_dtype, const DtypeInfo& to_dtype)
        : from_(std::move(from)),
          from_dtype_(from_dtype),
          to_dtype_(to_dtype),
          from_nbytes_(from_dtype.bits / 8U),
          to_nbytes_(to_dtype.bits / 8U) {}

    Result<std::uint64_t> size() const override { return from_.nbytes() / from_nbytes_ * to_nbytes_; }

    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        std::vector<std::byte> raw, converted;
        while (!to.empty()) {
            const std::uint64_t first = offset / to_nbytes_;
            const std::uint64_t skipped = offset % to_nbytes_;  // a read may begin within an element
            const std::uint64_t count =
                std::min(kBlockElements, (skipped + to.size() + to_nbytes_ - 1) / to_nbytes_);
            raw.resize(static_cast<std::size_t>(count * from_nbytes_));
            converted.resize(static_cast<std::size_t>(count * to_nbytes_));
            MILEPOST_TRY(from_.read(first * from_nbytes_, raw));
            cast_elements(from_dtype_.code, raw, to_dtype_.code, converted);
            const auto part = std::span(converted).subspan(static_cast<std::size_t>(skipped));
            const std::size_t nbytes = std::min(part.size(), to.size());
            std::copy_n(part.begin(), nbytes, to.begin());
            to = to.subspan(nbytes);
            offset += nbytes;
        }
        return {};
    }

private:
    StorageView from_;
    DtypeInfo from_dtype_, to_dtype_;
    std::uint64_t from_nbytes_, to_nbytes_;
};

}  // namespace

Result<TensorView> cast_tensor(const TensorView& tensor, const DtypeInfo& to, CastStorages& storages) {
    MILEPOST_TRY(tensor.check_layout());
    const std::uint64_t from_nbytes = tensor.dtype().bits / 8U;
    const std::uint64_t to_nbytes = to.bits / 8U;
    if (tensor.offset() % from_nbytes != 0)
        return Error(Condition::layout, "the tensor does not begin at an element of its storage");
    const auto key = std::pair(tensor.storage(), tensor.dtype().code);
    auto found = storages.find(key);
    if (found == storages.end()) {
        const auto source = std::make_shared<const CastSource>(tensor.storage(), tensor.dtype(), to);
        const std::uint64_t nbytes = tensor.storage().nbytes() / from_nbytes * to_nbytes;
        MILEPOST_TRY_ASSIGN(auto storage, StorageView::from(source, 0, nbytes));
        found = storages.emplace(key, std::move(storage)).first;
    }
    const TensorView view(to, tensor.shape(), found->second, tensor.offset() / from_nbytes * to_nbytes,
                          tensor.strides());
    return view.with_role(tensor.role(), tensor.requires_grad());
}

}  // namespace milepost::cli
