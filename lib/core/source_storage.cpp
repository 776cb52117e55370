#include "core/source_storage.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/aligned_buffer.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/gather.hpp"
#include "core/layout.hpp"
#include "core/storage_provider.hpp"

namespace milepost {
namespace core {
namespace {

/// What a strided tensor is gathered from at a time.
constexpr std::uint64_t kBlockNbytes = std::uint64_t{1} << 20U;

}  // namespace

Result<std::span<const std::byte>> SourceStorage::bytes(std::uint32_t, std::uint64_t begin,
                                                        std::uint64_t end) const try {
    if (begin == end) return std::span<const std::byte>();
    const std::lock_guard reading(mutex_);
    if (kept_.empty()) {
        if (nbytes_ > std::numeric_limits<std::size_t>::max())
            return Error(Condition::address_space, base::message("a storage has ", nbytes_, " bytes"));
        base::AlignedBuffer all(static_cast<std::size_t>(nbytes_));
        MILEPOST_TRY(source_.read(begin_, all.bytes()));
        kept_ = std::move(all);
    }
    return std::as_const(kept_).bytes().subspan(static_cast<std::size_t>(begin),
                                                static_cast<std::size_t>(end - begin));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

Result<void> SourceStorage::gather(std::uint32_t number, const detail::StridedLayout& layout,
                                   std::span<std::byte> to) const try {
    const ContiguousRuns runs(layout.shape, layout.strides, layout.element_nbytes);
    const std::uint64_t extent =
        extent_nbytes(layout.shape, layout.strides, static_cast<std::uint64_t>(layout.element_nbytes) * 8);
    if (!runs.is_nested()) {  // else each block would walk over all runs
        MILEPOST_TRY_ASSIGN(auto all, bytes(number, layout.offset, layout.offset + extent));
        core::gather(all.data(), layout.shape, layout.strides, layout.element_nbytes, to.data());
        return {};
    }
    std::vector<std::byte> block(static_cast<std::size_t>(std::min(extent, kBlockNbytes)));
    for (std::uint64_t at = 0; at < extent; at += kBlockNbytes) {
        const std::uint64_t end = std::min(extent, at + kBlockNbytes);
        bool is_read = false;
        Result<void> done = {};
        runs.visit(at, end, [&](std::uint64_t from, std::uint64_t target, std::size_t nbytes) {
            if (!is_read) {  // a block without elements is not read
                is_read = true;
                done = read(number, layout.offset + at,
                            std::span(block).first(static_cast<std::size_t>(end - at)));
                if (!done) return false;
            }
            std::memcpy(to.data() + target, block.data() + (from - at), nbytes);
            return true;
        });
        if (!done) return done;
    }
    return {};
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace core

Result<StorageView> StorageView::from(std::shared_ptr<const Source> source, std::uint64_t begin,
                                      std::uint64_t nbytes) try {
    if (source == nullptr) return Error(Condition::option, "a storage was made from a source that is null");
    auto provider = std::make_shared<const core::SourceStorage>(std::move(source), begin, nbytes);
    return detail::ViewAccess::storage(std::move(provider), kNoNumber, nbytes);
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
