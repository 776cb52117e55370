#include "saving/storage_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/parallel.hpp"
#include "codec/codec.hpp"
#include "format/file_layout.hpp"
#include "saving/choose_codec.hpp"
#include "saving/chunk_pipeline.hpp"
#include "saving/chunk_sequence.hpp"
#include "saving/new_storage.hpp"
#include "saving/output_queue.hpp"

namespace milepost::saving {
namespace {

format::HeaderBytes encode_header(const SaveOptions& options) noexcept {
    format::Header header;
    header.alignment = options.alignment;
    return header.encode();
}

PipelineOptions pipeline_options(const SaveOptions& options) noexcept {
    return {options.alignment, encoder_options(options), base::thread_count(options.threads), {}};
}

}  // namespace

StorageWriter::StorageWriter(const SaveOptions& options, OutputQueue& queue)
    : options_(options), queue_(queue), header_(encode_header(options)) {}

Result<void> StorageWriter::begin() {
    if (begun_) return {};
    begun_ = true;
    return queue_.append(header_);
}

Result<void> StorageWriter::write(const std::vector<NewStorage>& storages,
                                  const std::function<std::string(std::size_t)>& describe) {
    std::vector<StorageJob> jobs;
    jobs.reserve(storages.size());
    for (std::size_t i = 0; i < storages.size(); ++i) {
        auto codec = choose_codec(storages[i], options_);
        if (!codec) return describe ? codec.error().within(describe(i)) : std::move(codec).error();
        const StorageView& view = storages[i].view;
        jobs.push_back({view, *codec, 0, view.nbytes(), i});
    }
    PipelineOptions options = pipeline_options(options_);
    options.describe = describe;
    return write_storages(jobs, options, queue_, columns_);
}

Result<void> StorageWriter::write_run(const StorageView& run, const codec::CodecChoice& codec,
                                      std::uint64_t first_chunk, std::uint64_t storage_nbytes) {
    return write_storages({{run, codec, first_chunk, storage_nbytes, 0}}, pipeline_options(options_), queue_,
                          columns_);
}

}  // namespace milepost::saving
