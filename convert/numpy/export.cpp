#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"
#include "convert/numpy/array_header.hpp"
#include "convert/numpy/descr.hpp"
#include "convert/numpy/numpy.hpp"
#include "convert/tensor_list.hpp"
#include "convert/tensor_plan.hpp"
#include "convert/tensor_writer.hpp"
#include "convert/zip/archive_writer.hpp"

namespace milepost::convert::numpy {
namespace {

constexpr std::string_view kNpz = "a npz file", kNpy = "a npy file";
constexpr std::size_t kMaxMemberNbytes = 65'535;  ///< of a name in a zip archive

std::string_view refuse_name(std::string_view name) {
    if (name.size() > kMaxMemberNbytes - kExtension.size()) return "is too long for an archive";
    return is_utf8(name) ? "" : "is not UTF-8";
}

TensorPlan make_plan(const Checkpoint& checkpoint, std::string_view word) {
    const TensorFormat format = {
        .word = word,
        .holds_dtype = [](const DtypeInfo& dtype) { return descr_of(dtype).has_value(); },
        .refuse_name = refuse_name,
        .take_value = [](const std::string&, const Value&, std::vector<Loss>&) { return false; },
    };
    return plan_tensors(checkpoint, format);
}

Result<std::uint64_t> sum_nbytes(const TensorPlan& plan) {
    std::uint64_t sum = 0;
    for (const ListedTensor* tensor : plan.held) {
        if (!base::checked_add(sum, tensor->tensor->nbytes(), sum))
            return Error(Condition::layout, "the tensors have more than 2^64 bytes");
    }
    return sum;
}

}  // namespace

std::vector<Loss> find_npz_losses(const Checkpoint& checkpoint) {
    return make_plan(checkpoint, kNpz).losses;
}

std::vector<Loss> find_npy_losses(const Checkpoint& checkpoint) {
    TensorPlan plan = make_plan(checkpoint, kNpy);
    for (std::size_t i = 1; i < plan.held.size(); ++i)
        plan.losses.push_back({plan.held[i]->path, "a npy file has one array: left out"});
    return std::move(plan.losses);
}

Result<std::string> write_npy(const std::string& path, const Checkpoint& checkpoint,
                              const ExportOptions& options) {
    const TensorPlan plan = make_plan(checkpoint, kNpy);
    if (plan.held.empty()) return Error(Condition::not_held, "there is no tensor that a npy file can hold");
    const ListedTensor& tensor = *plan.held.front();
    MILEPOST_TRY_ASSIGN(const auto sink, open_sink(path, options.save));
    MILEPOST_TRY(sink->reserve(tensor.tensor->nbytes()));
    const std::string header = encode_array_header(*descr_of(tensor.tensor->dtype()), tensor.tensor->shape());
    MILEPOST_TRY(sink->write(std::as_bytes(std::span(header))));
    TensorWriter writer([&](std::span<const std::byte> bytes) { return sink->write(bytes); },
                        options.save.progress, tensor.tensor->nbytes());
    if (auto written = writer.write(*tensor.tensor); !written)
        return written.error().within(escape(tensor.path, 120));
    MILEPOST_TRY(sink->commit());
    return path;
}

Checkpoint npy_as_read(const Checkpoint& checkpoint) {
    const TensorPlan plan = make_plan(checkpoint, kNpy);
    Checkpoint read;
    if (!plan.held.empty()) read.model(kModelName)[kArrayName] = *plan.held.front()->tensor;
    return read;
}

Result<void> write_npz(Sink& sink, const Checkpoint& checkpoint, const ExportOptions& options) {
    const TensorPlan plan = make_plan(checkpoint, kNpz);
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, sum_nbytes(plan));
    MILEPOST_TRY(sink.reserve(nbytes));
    ArchiveWriter archive(sink);
    TensorWriter tensors([&](std::span<const std::byte> bytes) { return archive.write(bytes); },
                         options.save.progress, nbytes);
    for (const ListedTensor* tensor : plan.held) {
        const std::string header =
            encode_array_header(*descr_of(tensor->tensor->dtype()), tensor->tensor->shape());
        MILEPOST_TRY(
            archive.begin(tensor->name + std::string(kExtension), header.size() + tensor->tensor->nbytes()));
        MILEPOST_TRY(archive.write(std::as_bytes(std::span(header))));
        if (auto written = tensors.write(*tensor->tensor); !written)
            return written.error().within(escape(tensor->path, 120));
        MILEPOST_TRY(archive.end());
    }
    MILEPOST_TRY(archive.finish());
    return sink.commit();
}

Result<std::string> write_npz(const std::string& path, const Checkpoint& checkpoint,
                              const ExportOptions& options) {
    MILEPOST_TRY_ASSIGN(const auto sink, open_sink(path, options.save));
    MILEPOST_TRY(write_npz(*sink, checkpoint, options));
    return path;
}

}  // namespace milepost::convert::numpy
