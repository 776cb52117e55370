#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/budget.hpp"
#include "convert/gguf/cursor.hpp"
#include "convert/gguf/gguf.hpp"
#include "convert/gguf/key_values.hpp"
#include "convert/gguf/tensor_type.hpp"
#include "convert/import_input.hpp"
#include "convert/names.hpp"

namespace milepost::convert::gguf {
namespace {

using base::checked_add;
using base::checked_mul;
using base::message;

/// Memory of a named tensor in a checkpoint; see Limits::max_decoded_bytes.
constexpr std::uint64_t kTensorNbytes = 640;
/// Of a tensor in the header: a name of one byte with its size, no dims, and three numbers.
constexpr std::uint64_t kTensorInfoNbytes = 9 + 4 + 4 + 8;
/// No limit allows more.
constexpr std::uint32_t kGreatestRank = 64;
/// A checkpoint has no shape of 2^63 bits or more, not even of a tensor that is empty by another dim.
constexpr std::uint64_t kGreatestNbytes = (std::uint64_t{1} << 60U) - 1;

struct TensorInfo {
    std::string name;
    Shape shape;  ///< of blocks, row-major
    DtypeInfo dtype;
    std::uint64_t begin;  ///< in the data
    std::uint64_t nbytes;
};

struct Header {
    std::uint32_t version;
    std::uint64_t tensor_count, key_value_count;
};

Result<std::uint32_t> read_version(Cursor& cursor) {
    MILEPOST_TRY_ASSIGN(const auto magic, cursor.number<std::uint32_t>("the magic"));
    if (std::memcmp(&magic, kMagic.data(), sizeof magic) != 0)
        return Error(Condition::magic, "the file does not begin with GGUF");
    MILEPOST_TRY_ASSIGN(const auto version, cursor.number<std::uint32_t>("the version"));
    if (version == kOldVersion || version == kNewVersion) return version;
    if (version == 0) return Error(Condition::foreign, "GGUF header at 4: the version is 0");
    if ((version & 0xffffU) == 0)
        return Error(Condition::feature,
                     "GGUF header at 4: a big-endian file; only little-endian ones are read");
    return Error(Condition::feature,
                 message("GGUF header at 4: version ", version, "; only versions 2 and 3 are read"));
}

Result<Header> read_header(Cursor& cursor) {
    Header header{};
    MILEPOST_TRY_ASSIGN(header.version, read_version(cursor));
    MILEPOST_TRY_ASSIGN(header.tensor_count, cursor.number<std::uint64_t>("the number of tensors"));
    MILEPOST_TRY_ASSIGN(header.key_value_count, cursor.number<std::uint64_t>("the number of key-values"));
    MILEPOST_TRY(cursor.check_room(header.tensor_count, kTensorInfoNbytes, "tensors"));
    return header;
}

/// Dims are stored fastest first.
Result<Shape> read_shape(Cursor& cursor, const Limits& limits, const std::string& what) {
    MILEPOST_TRY_ASSIGN(const auto rank, cursor.number<std::uint32_t>("the number of dimensions"));
    const std::uint32_t greatest = std::min(limits.max_rank, kGreatestRank);
    if (rank > greatest)
        return Error(Condition::rank, message(what, ": ", rank, " dimensions, the limit is ", greatest));
    MILEPOST_TRY(cursor.check_room(rank, 8, "dimensions"));
    Shape shape(rank);
    for (std::size_t i = rank; i-- > 0;) {
        MILEPOST_TRY_ASSIGN(shape[i], cursor.number<std::uint64_t>("a dimension"));
    }
    return shape;
}

/// Turns elements into blocks, and computes the size. A size of 0 does not excuse the other dims.
Result<void> set_size(TensorInfo& info, const TensorType& type, const std::string& what) {
    if (type.elements != 1) {
        const std::uint64_t row = info.shape.empty() ? 1 : info.shape.back();
        if (row % type.elements != 0) {
            return Error(Condition::foreign,
                         message(what, ": rows of ", row, " elements, expected a multiple of ", type.elements,
                                 ", a block of ", type.dtype.name));
        }
        info.shape.back() /= type.elements;
    }
    std::uint64_t nbytes = type.dtype.bits / 8U;
    for (const std::uint64_t size : info.shape) {
        if (size != 0 && (!checked_mul(nbytes, size, nbytes) || nbytes > kGreatestNbytes))
            return Error(Condition::foreign, message(what, ": its shape is larger than any file"));
    }
    const bool is_empty = std::find(info.shape.begin(), info.shape.end(), 0) != info.shape.end();
    info.nbytes = is_empty ? 0 : nbytes;
    info.dtype = type.dtype;
    return {};
}

Result<TensorInfo> read_tensor_info(Cursor& cursor, std::uint64_t number, std::uint64_t alignment,
                                    const Limits& limits) {
    std::string what = message("GGUF header at ", cursor.offset(), ", tensor ", number);
    TensorInfo info{};
    MILEPOST_TRY_ASSIGN(info.name, cursor.text("the name of a tensor"));
    MILEPOST_TRY(check_name(info.name, limits, what));
    what += ", " + escape(info.name, 120);
    MILEPOST_TRY_ASSIGN(info.shape, read_shape(cursor, limits, what));
    MILEPOST_TRY_ASSIGN(const auto type_number, cursor.number<std::uint32_t>("the type of a tensor"));
    MILEPOST_TRY_ASSIGN(info.begin, cursor.number<std::uint64_t>("the offset of a tensor"));
    const TensorType* type = find_tensor_type(type_number);
    if (type == nullptr) {
        return Error(Condition::feature,
                     message(what, ": the size of blocks of ggml's type ", type_number, " is not known"));
    }
    MILEPOST_TRY(set_size(info, *type, what));
    if (info.begin % alignment != 0) {
        return Error(Condition::foreign,
                     message(what, ": its data is at ", info.begin, ", expected a multiple of ", alignment));
    }
    return info;
}

Result<std::vector<TensorInfo>> read_tensor_infos(Cursor& cursor, std::uint64_t count,
                                                  std::uint64_t alignment, const Limits& limits,
                                                  Budget& budget) {
    MILEPOST_TRY(cursor.check_room(count, kTensorInfoNbytes, "tensors"));
    MILEPOST_TRY(budget.take_values(count, kTensorNbytes));
    std::vector<TensorInfo> infos;
    infos.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
        MILEPOST_TRY_ASSIGN(TensorInfo info, read_tensor_info(cursor, i, alignment, limits));
        MILEPOST_TRY(budget.take_bytes(2 * info.name.size() + 16 * info.shape.size()));
        infos.push_back(std::move(info));
    }
    return infos;
}

/// The tensors, in the order of their data, fill it but for padding, and the file ends after them.
Result<void> check_data(const std::vector<TensorInfo>& infos, std::uint64_t data, std::uint64_t alignment,
                        std::uint64_t size) {
    std::vector<std::size_t> order(infos.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::tuple(infos[a].begin, infos[a].nbytes, a) <
               std::tuple(infos[b].begin, infos[b].nbytes, b);
    });
    std::uint64_t next = 0, end = data;
    for (const std::size_t i : order) {
        const TensorInfo& info = infos[i];
        if (info.begin != next) {
            return Error(
                Condition::foreign,
                message("GGUF tensor ", escape(info.name, 120), ": its data is at ", info.begin,
                        ", expected ", next, "; there is ", info.begin < next ? "an overlap" : "a gap"));
        }
        if (!checked_add(data, info.begin, end) || !checked_add(end, info.nbytes, end) ||
            (end > size && info.nbytes != 0)) {
            return Error(Condition::cut,
                         message("GGUF tensor ", escape(info.name, 120), ": ", info.nbytes, " bytes at ",
                                 data, " + ", info.begin, ", but the file has ", size, " bytes"));
        }
        next = base::align_up(info.begin + info.nbytes, alignment);  // below the size of the file
    }
    if (size > base::align_up(end, alignment)) {
        return Error(Condition::foreign,
                     message("GGUF file: ", size - end, " bytes after its last tensor, at ", end));
    }
    return {};
}

Result<void> add_tensors(StateDict& model, const ImportInput& input, std::vector<TensorInfo> infos,
                         std::uint64_t data) {
    for (TensorInfo& info : infos) {
        StorageView storage;
        if (info.nbytes != 0) {
            MILEPOST_TRY_ASSIGN(storage, StorageView::from(input.source, data + info.begin, info.nbytes));
        }
        if (model.find(info.name) != nullptr) {
            return Error(Condition::foreign,
                         message("GGUF header: the tensor ", escape(info.name, 120), " occurs twice"));
        }
        model.add(std::move(info.name), TensorView(info.dtype, std::move(info.shape), std::move(storage)));
    }
    return {};
}

void add_values(Checkpoint& checkpoint, KeyValues read, std::uint32_t version) {
    std::vector<std::string> order = {std::string(kModel)};
    const auto add = [&](std::string_view name, Value value) {
        checkpoint.values()[name] = std::move(value);
        order.emplace_back(name);
    };
    if (!read.values.items.empty()) add(kMetadata, std::move(read.values));
    if (!read.types.items.empty() || version != kNewVersion) {
        Dict gguf;
        gguf[kVersion] = version;
        if (!read.types.items.empty()) gguf[kTypes] = std::move(read.types);
        add(kGguf, std::move(gguf));
    }
    Dict record;
    record["root"] = kModel;
    add(kPythonRecord, std::move(record));
    checkpoint.set_order(std::move(order));
}

}  // namespace

Result<Checkpoint> import_gguf(const ImportInput& input) {
    const Limits& limits = input.options.limits;
    Cursor cursor(*input.source, input.size, limits);
    Budget budget(limits, "GGUF header");
    MILEPOST_TRY_ASSIGN(const Header header, read_header(cursor));
    MILEPOST_TRY_ASSIGN(KeyValues read, read_key_values(cursor, header.key_value_count, limits, budget));
    MILEPOST_TRY_ASSIGN(std::vector<TensorInfo> infos,
                        read_tensor_infos(cursor, header.tensor_count, read.alignment, limits, budget));
    const std::uint64_t data = base::align_up(cursor.offset(), read.alignment);
    MILEPOST_TRY(check_data(infos, data, read.alignment, input.size));
    Checkpoint checkpoint;
    MILEPOST_TRY(add_tensors(checkpoint.model(kModel), input, std::move(infos), data));
    add_values(checkpoint, std::move(read), header.version);
    return checkpoint;
}

}  // namespace milepost::convert::gguf
