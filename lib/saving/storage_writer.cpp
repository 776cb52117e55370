#include "saving/storage_writer.hpp"

#include <cstdint>
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
#include "saving/output_queue.hpp"

namespace milepost::saving {
namespace {

format::HeaderBytes encode_header(const SaveOptions& options) noexcept {
    format::Header header;
    header.alignment = options.alignment;
    return header.encode();
}

PipelineOptions pipeline_options(const SaveOptions& options) noexcept {
    return {options.alignment, options.zstd_level, base::thread_count(options.threads), {}};
}

}  // namespace

StorageWriter::StorageWriter(const SaveOptions& options, OutputQueue& queue)
    : options_(options), queue_(queue), header_(encode_header(options)) {}

Result<void> StorageWriter::begin() {
    if (begun_) return {};
    begun_ = true;
    return queue_.append(header_);
}

Result<void> StorageWriter::write(const std::vector<StorageView>& storages) {
    std::vector<StorageJob> jobs;
    jobs.reserve(storages.size());
    for (const StorageView& storage : storages) {
        auto codec = choose_codec(storage, options_);
        if (!codec) return std::move(codec).error();
        jobs.push_back({storage, *codec});
    }
    return write_storages(jobs, pipeline_options(options_), queue_, columns_);
}

Result<void> StorageWriter::write_run(const StorageView& run, const codec::CodecRow& codec,
                                      std::uint64_t first_chunk, std::uint64_t storage_nbytes) {
    return write_storages({{run, &codec, first_chunk, storage_nbytes}}, pipeline_options(options_), queue_,
                          columns_);
}

}  // namespace milepost::saving
