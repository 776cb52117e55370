#include <milepost/writer.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/out_of_memory.hpp"
#include "platform/replace.hpp"
#include "saving/check_options.hpp"
#include "saving/output.hpp"
#include "saving/writer_impl.hpp"

namespace milepost {

using base::out_of_memory;

Writer::Writer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&& other) noexcept {
    Writer taken(std::move(other));
    std::swap(impl_, taken.impl_);
    return *this;
}
Writer::~Writer() {
    if (impl_ && impl_->in_call) Impl::abandon(std::move(impl_));
}

Result<Writer> Writer::create(const std::string& path, const SaveOptions& options) try {
    MILEPOST_TRY(saving::check_options(options));
    MILEPOST_TRY_ASSIGN(auto file,
                        platform::ReplacingFile::create(path, {options.durable, options.keep_previous,
                                                               options.create_only, options.keep_cached}));
    return Writer(
        std::make_unique<Impl>(std::make_unique<saving::FileOutput>(std::move(file)), true, options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<Writer> Writer::create(Sink& sink, const SaveOptions& options) try {
    MILEPOST_TRY(saving::check_options(options));
    return Writer(std::make_unique<Impl>(std::make_unique<saving::SinkOutput>(sink), false, options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<WrittenTensor> Writer::add(const TensorView& tensor) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.add(tensor); });
}

Result<void> Writer::begin_tensor(DtypeInfo dtype, Shape shape) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.begin_tensor(dtype, std::move(shape)); });
}

Result<void> Writer::begin_tensor(Dtype dtype, Shape shape) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) -> Result<void> {
        const auto known = find_dtype(dtype);
        if (!known) return Error(Condition::dtype, "begin_tensor: this library does not know the dtype");
        return impl.begin_tensor(*known, std::move(shape));
    });
}

Result<void> Writer::append(std::span<const std::byte> piece) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.append(piece); });
}

Result<WrittenTensor> Writer::end_tensor() {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.end_tensor(); });
}

Result<void> Writer::commit(const Checkpoint& checkpoint) {
    return Impl::guarded(impl_.get(), [&](Impl& impl) { return impl.commit(checkpoint); });
}

}  // namespace milepost
