#include "convert/hdf5/dataset.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/hdf5/chunk_cache.hpp"
#include "convert/hdf5/chunk_grid.hpp"
#include "convert/hdf5/chunk_index.hpp"
#include "convert/hdf5/chunked_source.hpp"
#include "convert/hdf5/cursor.hpp"
#include "convert/hdf5/dataspace.hpp"
#include "convert/hdf5/datatype.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/filters.hpp"
#include "convert/hdf5/layout.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/hdf5/types.hpp"
#include "convert/swapped_source.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Memory of a source of chunks, without the chunks.
constexpr std::uint64_t kSourceNbytes = 1024;

Error lacks(std::string_view what) {
    return Error(Condition::foreign, message("HDF5 dataset: it has no ", what));
}

/// Opaque bytes that Keras calls bfloat16, a dtype that HDF5 does not have.
Result<void> name_opaque(const Dict& attributes, Datatype& type) {
    if (type.kind != Datatype::Kind::opaque) return {};
    const Value* word = attributes.find("dtype");
    const String* text = word == nullptr ? nullptr : word->get_if<String>();
    if (text == nullptr || text->text != "bfloat16" || type.nbytes != 2)
        return Error(Condition::feature,
                     message("opaque bytes, ", type.nbytes,
                             " an element, without an attribute dtype that is ", "bfloat16; save numbers"));
    type.kind = Datatype::Kind::number;
    type.dtype = *find_dtype(Dtype::bf16);
    return {};
}

Result<std::vector<std::byte>> fill_of(const ObjectHeader& header, std::uint64_t element_nbytes) {
    std::vector<std::byte> fill;
    const std::optional<Message>& found = header.fill ? header.fill : header.old_fill;
    if (!found) return fill;
    if (found->is_shared) return found->at.unsupported("a fill value in a heap of shared messages");
    if (header.fill) {
        MILEPOST_TRY_ASSIGN(fill, read_fill(found->at));
    } else {
        MILEPOST_TRY_ASSIGN(fill, read_old_fill(found->at));
    }
    if (fill.empty() || fill.size() == element_nbytes) return fill;
    return found->at.broken(message("a fill value of ", fill.size(), " bytes, expected ", element_nbytes));
}

}  // namespace

DatasetReader::DatasetReader(File& file, Types& types)
    : file_(file), types_(types), cache_(std::make_shared<ChunkCache>()) {}

Result<void> DatasetReader::add_extent(std::uint64_t begin, std::uint64_t nbytes) {
    MILEPOST_TRY(file_.budget().take_bytes(2 * sizeof(Extent)));
    extents_.push_back({begin, begin + nbytes});
    return {};
}

Result<Dataset> DatasetReader::read(const ObjectHeader& header, const Dict& attributes) {
    if (header.external)
        return header.external->at.unsupported("its data is in other files, which are not read; save a copy");
    if (!header.datatype) return lacks("datatype");
    if (!header.dataspace) return lacks("dataspace");
    Dataset dataset;
    MILEPOST_TRY_ASSIGN(dataset.type, types_.read(header.datatype->at, header.datatype->is_shared));
    MILEPOST_TRY(name_opaque(attributes, dataset.type));
    if (header.dataspace->is_shared) return header.dataspace->at.unsupported("a shared dataspace");
    MILEPOST_TRY_ASSIGN(dataset.space, read_dataspace(header.dataspace->at, file_.limits()));
    MILEPOST_TRY_ASSIGN(dataset.nbytes, nbytes_of(dataset.space, dataset.type.nbytes));
    MILEPOST_TRY(place(header, dataset));
    return dataset;
}

Result<void> DatasetReader::place(const ObjectHeader& header, Dataset& dataset) {
    MILEPOST_TRY_ASSIGN(const Layout layout, read_layout(header.layout->at));
    if (dataset.nbytes == 0) return {};
    MILEPOST_TRY_ASSIGN(auto fill, fill_of(header, dataset.type.nbytes));
    if (layout.kind == Layout::Kind::chunked) return place_chunks(header, layout, std::move(fill), dataset);
    if (header.filters) return header.filters->at.broken("filters of a dataset without chunks");
    const bool is_compact = layout.kind == Layout::Kind::compact;
    const std::uint64_t nbytes = is_compact ? layout.bytes.size() : layout.nbytes;
    const bool is_stored = is_compact || layout.address != kNowhere;
    if (is_stored && (is_compact || layout.states_nbytes) && nbytes != dataset.nbytes)
        return header.layout->at.broken(
            message("its elements have ", nbytes, " bytes, expected ", dataset.nbytes));
    if (is_compact) {
        MILEPOST_TRY(file_.budget().take_bytes(nbytes));
        dataset.memory = std::make_shared<std::vector<std::byte>>(layout.bytes.begin(), layout.bytes.end());
        return {};
    }
    if (!is_stored) {
        dataset.source = std::make_shared<FilledSource>(std::move(fill), dataset.nbytes);
        return {};
    }
    MILEPOST_TRY(file_.check_range(layout.address, dataset.nbytes, "dataset"));
    MILEPOST_TRY(add_extent(layout.address, dataset.nbytes));
    dataset.source = file_.source();
    dataset.begin = file_.base() + layout.address;
    return {};
}

Result<void> DatasetReader::place_chunks(const ObjectHeader& header, const Layout& layout,
                                         std::vector<std::byte> fill, Dataset& dataset) {
    ChunkedData data;
    data.fill = std::move(fill);
    if (header.filters) {
        if (header.filters->is_shared)
            return header.filters->at.unsupported("filters in a heap of shared messages");
        MILEPOST_TRY_ASSIGN(data.filters, Filters::read(header.filters->at));
    }
    MILEPOST_TRY(file_.budget().take_bytes(kSourceNbytes + 128 * dataset.space.shape.size()));
    MILEPOST_TRY_ASSIGN(data.grid, make_grid(layout, dataset.space, dataset.type.nbytes, data.filters));
    MILEPOST_TRY_ASSIGN(data.chunks, read_chunks(file_, layout, data.grid, data.filters));
    const bool is_decoded = std::any_of(data.chunks.begin(), data.chunks.end(),
                                        [](const Chunk& chunk) { return !chunk.is_plain; });
    if (is_decoded) {
        const std::uint64_t band = data.grid.band_nbytes(), limit = file_.limits().max_decoded_bytes;
        if (band > limit) {
            return Error(Condition::decoded_bytes, message("its chunks along one row have ", band,
                                                           " bytes, which are in memory together while "
                                                           "they are read; the limit is ",
                                                           limit));
        }
        cache_->reserve(band);
    }
    for (const Chunk& chunk : data.chunks)
        MILEPOST_TRY(add_extent(chunk.address, chunk.nbytes));
    dataset.source = std::make_shared<ChunkedSource>(file_.source(), file_.base(), std::move(data), cache_);
    return {};
}

Result<TensorView> tensor_of(const Dataset& dataset) {
    const std::uint32_t swapped = dataset.type.swapped_nbytes;
    StorageView storage;
    if (dataset.memory != nullptr) {
        if (swapped != 0) swap_numbers(*dataset.memory, swapped);
        storage = StorageView(*dataset.memory, dataset.memory);
    } else if (dataset.nbytes != 0) {
        std::shared_ptr<const Source> source = dataset.source;
        std::uint64_t begin = dataset.begin;
        if (swapped != 0) {
            source = std::make_shared<SwappedSource>(std::move(source), begin, dataset.nbytes, swapped);
            begin = 0;
        }
        MILEPOST_TRY_ASSIGN(storage, StorageView::from(std::move(source), begin, dataset.nbytes));
    }
    return TensorView(dataset.type.dtype, dataset.space.shape, std::move(storage));
}

Result<std::vector<std::byte>> bytes_of(File& file, const Dataset& dataset) {
    if (dataset.memory != nullptr) return *dataset.memory;
    MILEPOST_TRY(file.budget().take_bytes(dataset.nbytes));
    std::vector<std::byte> bytes(static_cast<std::size_t>(dataset.nbytes));
    if (dataset.nbytes != 0) MILEPOST_TRY(dataset.source->read(dataset.begin, bytes));
    return bytes;
}

}  // namespace milepost::convert::hdf5
