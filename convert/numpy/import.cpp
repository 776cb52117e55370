#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/import_input.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"
#include "convert/numpy/array_header.hpp"
#include "convert/numpy/numpy.hpp"
#include "convert/swapped_source.hpp"
#include "convert/zip/archive.hpp"

namespace milepost::convert::numpy {
namespace {

using base::message;

Result<TensorView> tensor_of(ArrayHeader header, std::shared_ptr<const Source> source) {
    std::uint64_t begin = header.data_begin;
    if (header.type.swapped_nbytes != 0) {
        source = std::make_shared<SwappedSource>(std::move(source), begin, header.data_nbytes,
                                                 header.type.swapped_nbytes);
        begin = 0;
    }
    MILEPOST_TRY_ASSIGN(auto storage, StorageView::from(std::move(source), begin, header.data_nbytes));
    return TensorView(header.type.dtype, std::move(header.shape), std::move(storage), 0,
                      std::move(header.strides));
}

/// The array of one member. Its header is part of what the CRC covers, which is compared before an element is
/// used; of an array without elements it is compared here.
Result<TensorView> read_member(const Archive& archive, const ZipEntry& entry, const Limits& limits) {
    const ReadBegin read_begin = [&](std::span<std::byte> to) { return archive.read_begin(entry, to); };
    MILEPOST_TRY_ASSIGN(ArrayHeader header, read_array_header(entry.nbytes, read_begin, limits));
    auto source = archive.source(entry);
    if (header.data_nbytes == 0) {
        std::vector<std::byte> whole(static_cast<std::size_t>(entry.nbytes));
        MILEPOST_TRY(source->read(0, whole));
    }
    return tensor_of(std::move(header), std::move(source));
}

/// The name of the array that a member holds.
Result<std::string_view> array_name(const ZipEntry& entry, const Limits& limits) {
    std::string_view name = entry.name;
    if (!name.ends_with(kExtension))
        return Error(Condition::feature,
                     message("npz member ", escape(name, 120), ": only arrays, NAME.npy, are read"));
    name.remove_suffix(kExtension.size());
    MILEPOST_TRY(check_name(name, limits, "npz member"));
    return name;
}

}  // namespace

Result<Checkpoint> import_npy(const ImportInput& input) {
    MILEPOST_TRY(check_tensor_count(1, input.options.limits));
    const ReadBegin read_begin = [&](std::span<std::byte> to) { return input.source->read(0, to); };
    MILEPOST_TRY_ASSIGN(ArrayHeader header, read_array_header(input.size, read_begin, input.options.limits));
    MILEPOST_TRY_ASSIGN(TensorView tensor, tensor_of(std::move(header), input.source));
    Checkpoint checkpoint;
    checkpoint.model(kModelName)[kArrayName] = std::move(tensor);
    complete_named_tensors(checkpoint, std::nullopt);
    return checkpoint;
}

Result<Checkpoint> import_npz(const ImportInput& input) {
    const Limits& limits = input.options.limits;
    MILEPOST_TRY_ASSIGN(const Archive archive, Archive::open(input.source, limits));
    MILEPOST_TRY(check_tensor_count(archive.entries().size(), limits));
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model(kModelName);
    for (const ZipEntry& entry : archive.entries()) {
        MILEPOST_TRY_ASSIGN(const std::string_view name, array_name(entry, limits));
        auto tensor = read_member(archive, entry, limits);
        if (!tensor) return tensor.error().within(message("npz member ", escape(entry.name, 120)));
        model.add(std::string(name), *std::move(tensor));
    }
    complete_named_tensors(checkpoint, std::nullopt);
    return checkpoint;
}

}  // namespace milepost::convert::numpy
