#include <milepost/writer.hpp>

#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "format/file_layout.hpp"
#include "format/validate.hpp"
#include "platform/replace.hpp"
#include "saving/choose_codec.hpp"
#include "saving/chunk_pipeline.hpp"
#include "saving/output.hpp"
#include "saving/output_queue.hpp"
#include "saving/plan.hpp"
#include "saving/streamed_tensor.hpp"

namespace milepost {
namespace {

using base::message;
using base::out_of_memory;

/// What validation finds in an index of our own making is the caller's mistake, not damage.
Error as_argument(const Error& error) {
    if (error.code() != Code::corrupt) return error;
    const bool of_names =
        error.condition() == Condition::name || error.condition() == Condition::name_duplicate ||
        error.condition() == Condition::value_key || error.condition() == Condition::value_bytes;
    return Error(of_names ? Condition::save_name : Condition::layout, error.message());
}

Result<void> check_options(const SaveOptions& options) {
    if (!base::is_power_of_two(options.alignment) || options.alignment < format::kLeastAlignment ||
        options.alignment > format::kGreatestAlignment) {
        return Error(
            Condition::option,
            message("alignment expected a power of two from 64 to 2097152, found ", options.alignment));
    }
    if (options.zstd_level < 1 || options.zstd_level > 19) {
        return Error(Condition::option, message("zstd_level expected 1 to 19, found ", options.zstd_level));
    }
    if (options.codec != Codec::automatic &&
        codec::find_codec(static_cast<std::uint8_t>(options.codec)) == nullptr) {
        return Error(Condition::option,
                     message("codec ", static_cast<unsigned>(options.codec), " is not known"));
    }
    return {};
}

}  // namespace

struct Writer::Impl final : detail::StorageProvider {
    Impl(std::unique_ptr<saving::Output> sink, const SaveOptions& save_options)
        : options(save_options), output(std::move(sink)), stream(*output) {
        format::Header header;
        header.alignment = options.alignment;
        header_bytes = header.encode();
    }

    // A storage that is written has no bytes any more, as far as its placeholder knows.
    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t,
                                             std::uint64_t) const override {
        return written_already(storage);
    }
    Result<void> read(std::uint32_t storage, std::uint64_t, std::span<std::byte>) const override {
        return written_already(storage);
    }
    Result<void> gather(std::uint32_t storage, const detail::StridedLayout&,
                        std::span<std::byte>) const override {
        return written_already(storage);
    }
    [[nodiscard]] bool is_mapped(std::uint32_t) const noexcept override { return false; }
    static Error written_already(std::uint32_t storage) {
        return Error(Condition::layout,
                     message("storage ", storage, " is written; its bytes are in the file"));
    }

    Result<void> begin();
    Result<void> begin_tensor(DtypeInfo dtype, Shape shape);
    Result<void> append(std::span<const std::byte> piece);
    Result<TensorView> end_tensor();
    TensorView placeholder_for(const TensorView& tensor);
    DtypeInfo kept(DtypeInfo dtype);
    Result<void> write_run(StorageView run, std::uint64_t first_chunk);
    Result<TensorView> add(const TensorView& tensor);
    Result<void> commit(const Checkpoint& checkpoint);
    Result<void> write_new(const std::vector<StorageView>& storages);
    Result<void> write_index(const saving::Plan& plan);
    Result<void> write_tail(const std::vector<std::byte>& index, const format::IndexPlacement& frame);

    /// Runs one call; its error, or a lack of memory, ends the writer.
    template <class Call>
    auto guarded(Call call) noexcept -> decltype(call()) {
        try {
            if (error) return *error;
            auto result = call();
            if (!result) error = result.error();
            return result;
        } catch (const std::bad_alloc&) {
            error = out_of_memory();
            return out_of_memory();
        }
    }

    SaveOptions options;
    format::HeaderBytes header_bytes{};
    std::unique_ptr<saving::Output> output;
    saving::OutputQueue stream;
    saving::StorageNumbers numbers;
    saving::StorageColumns columns;
    std::set<std::string, std::less<>> dtype_names;  ///< of dtypes that the library does not know
    std::optional<saving::StreamedTensor> pieces;    ///< of the tensor that was begun
    std::optional<Error> error;
    bool begun = false;
    bool committed = false;
};

/// The header goes out with the first bytes, not before: creating a writer writes nothing.
Result<void> Writer::Impl::begin() {
    if (committed) return Error(Condition::option, "the writer has committed");
    if (pieces) return Error(Condition::option, "a tensor was begun and not ended");
    if (begun) return {};
    begun = true;
    return stream.append(header_bytes);
}

Result<TensorView> Writer::Impl::add(const TensorView& tensor) {
    if (auto fits = tensor.check_layout(); !fits) return std::move(fits).error();
    if (auto ready = begin(); !ready) return std::move(ready).error();
    if (tensor.storage().provider() == this) return tensor;
    saving::StorageCompactor compactor({&tensor}, [&](const StorageView&) { return options.compact; });
    auto placed = compactor.place(tensor);
    if (!placed) return placed;
    if (auto written = write_new({placed->storage()}); !written) return std::move(written).error();
    return placeholder_for(*placed);
}

/// For a tensor whose storage was just written. Known by its placeholder alone: the caller may use the same
/// memory for the next tensor.
TensorView Writer::Impl::placeholder_for(const TensorView& tensor) {
    const StorageView placeholder(*this, static_cast<std::uint32_t>(numbers.size()),
                                  tensor.storage().nbytes());
    (void)numbers.number_of(placeholder);
    return TensorView(kept(tensor.dtype()), tensor.shape(), placeholder, tensor.offset(), tensor.strides())
        .with_role(tensor.role(), tensor.requires_grad());
}

/// The same dtype, its name borrowed from us: the Reader that an unknown one came from may close before the
/// commit.
DtypeInfo Writer::Impl::kept(DtypeInfo dtype) {
    if (!find_dtype(dtype.code)) dtype.name = *dtype_names.emplace(dtype.name).first;
    return dtype;
}

Result<void> Writer::Impl::begin_tensor(DtypeInfo dtype, Shape shape) {
    if (auto ready = begin(); !ready) return ready;
    auto made = saving::StreamedTensor::make(kept(dtype), std::move(shape), options.limits);
    if (!made) return std::move(made).error();
    pieces = *std::move(made);
    return {};
}

Result<void> Writer::Impl::append(std::span<const std::byte> piece) {
    if (!pieces) return Error(Condition::option, "append without begin_tensor");
    return pieces->append(piece, [&](StorageView run, std::uint64_t chunk) { return write_run(run, chunk); });
}

Result<void> Writer::Impl::write_run(StorageView run, std::uint64_t first_chunk) {
    if (first_chunk == 0) {
        auto codec = saving::choose_codec(run, options);
        if (!codec) return std::move(codec).error();
        pieces->codec = *codec;
    }
    return saving::write_storages(
        {{run, pieces->codec, first_chunk, pieces->nbytes()}},
        {options.alignment, options.zstd_level, base::thread_count(options.threads)}, stream, columns);
}

Result<TensorView> Writer::Impl::end_tensor() {
    if (!pieces) return Error(Condition::option, "end_tensor without begin_tensor");
    if (auto complete = pieces->check_complete(); !complete) return std::move(complete).error();
    if (pieces->nbytes() == 0) {
        if (auto written = write_run(StorageView(), 0); !written) return std::move(written).error();
    }
    const TensorView tensor = pieces->tensor();
    pieces.reset();
    return placeholder_for(tensor);
}

Result<void> Writer::Impl::write_new(const std::vector<StorageView>& storages) {
    std::vector<saving::StorageJob> jobs;
    jobs.reserve(storages.size());
    for (const StorageView& storage : storages) {
        auto codec = saving::choose_codec(storage, options);
        if (!codec) return std::move(codec).error();
        jobs.push_back({storage, *codec});
    }
    return saving::write_storages(
        jobs, {options.alignment, options.zstd_level, base::thread_count(options.threads)}, stream, columns);
}

Result<void> Writer::Impl::commit(const Checkpoint& checkpoint) {
    if (pieces) return Error(Condition::option, "a tensor was begun and not ended");
    auto plan = saving::Plan::make(checkpoint, numbers, options);
    if (!plan) return std::move(plan).error();
    if (auto valid = format::validate_content(plan->index(columns), options.limits); !valid) {
        return as_argument(valid.error());
    }
    std::uint64_t expected = stream.position();
    for (const StorageView& storage : plan->new_storages())
        expected += storage.nbytes();
    // A compressed file would reserve far too much.
    if (options.codec == Codec::raw) {
        if (auto reserved = output->reserve(expected); !reserved) return reserved;
    }
    if (auto ready = begin(); !ready) return ready;
    if (auto written = write_new(plan->new_storages()); !written) return written;
    if (auto written = write_index(*plan); !written) return written;
    committed = true;
    return output->commit();
}

Result<void> Writer::Impl::write_index(const saving::Plan& plan) {
    const format::Index index = plan.index(columns);
    auto encoded = index.encode(options.limits);
    if (!encoded) return std::move(encoded).error();
    const format::IndexPlacement frame{base::align_up(stream.position(), format::kLeastAlignment),
                                       encoded->size()};
    // What we write, we can read: the reader's own rules, before the commit record.
    auto valid = format::validate(index, {frame.index_offset, options.alignment}, options.limits);
    if (!valid) return as_argument(valid.error());
    return write_tail(*encoded, frame);
}

Result<void> Writer::Impl::write_tail(const std::vector<std::byte>& index,
                                      const format::IndexPlacement& frame) {
    format::Footer footer;
    footer.file_size = frame.file_size();
    footer.placement = frame;
    footer.index_checksum = codec::checksum128(index);
    footer.header_checksum = format::header_tag(header_bytes);
    const format::FooterBytes footer_bytes = footer.encode();
    for (const std::uint64_t copy : {frame.index_offset, frame.copy_b()}) {
        if (auto padded = stream.pad_to(copy); !padded) return padded;
        if (auto written = stream.append(index); !written) return written;
        if (auto padded = stream.pad_to(copy + frame.padded_nbytes()); !padded) return padded;
        if (auto written = stream.append(footer_bytes); !written) return written;
    }
    return stream.flush();
}

Writer::Writer(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Writer::Writer(Writer&&) noexcept = default;
Writer& Writer::operator=(Writer&&) noexcept = default;
Writer::~Writer() = default;

Result<Writer> Writer::create(const std::string& path, const SaveOptions& options) try {
    if (auto fits = check_options(options); !fits) return std::move(fits).error();
    auto file =
        platform::ReplacingFile::create(path, {options.durable, options.keep_previous, options.create_only});
    if (!file) return std::move(file).error();
    return Writer(std::make_unique<Impl>(std::make_unique<saving::FileOutput>(*std::move(file)), options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<Writer> Writer::create(Sink& sink, const SaveOptions& options) try {
    if (auto fits = check_options(options); !fits) return std::move(fits).error();
    return Writer(std::make_unique<Impl>(std::make_unique<saving::SinkOutput>(sink), options));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<TensorView> Writer::add(const TensorView& tensor) {
    return impl_->guarded([&] { return impl_->add(tensor); });
}

Result<void> Writer::begin_tensor(DtypeInfo dtype, Shape shape) {
    return impl_->guarded([&] { return impl_->begin_tensor(dtype, std::move(shape)); });
}

Result<void> Writer::begin_tensor(Dtype dtype, Shape shape) {
    return impl_->guarded([&]() -> Result<void> {
        const auto known = find_dtype(dtype);
        if (!known) return Error(Condition::dtype, "begin_tensor: this library does not know the dtype");
        return impl_->begin_tensor(*known, std::move(shape));
    });
}

Result<void> Writer::append(std::span<const std::byte> piece) {
    return impl_->guarded([&] { return impl_->append(piece); });
}

Result<TensorView> Writer::end_tensor() {
    return impl_->guarded([&] { return impl_->end_tensor(); });
}

Result<void> Writer::commit(const Checkpoint& checkpoint) {
    return impl_->guarded([&] { return impl_->commit(checkpoint); });
}

Result<void> save(const std::string& path, const Checkpoint& checkpoint, const SaveOptions& options) {
    auto writer = Writer::create(path, options);
    if (!writer) return std::move(writer).error();
    return writer->commit(checkpoint);
}

Result<void> save(Sink& sink, const Checkpoint& checkpoint, const SaveOptions& options) {
    auto writer = Writer::create(sink, options);
    if (!writer) return std::move(writer).error();
    return writer->commit(checkpoint);
}

}  // namespace milepost
