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
#include "core/progress_meter.hpp"
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

}  // namespace

StorageWriter::StorageWriter(const SaveOptions& options, OutputQueue& queue)
    : options_(options),
      queue_(queue),
      header_(encode_header(options)),
      progress_(options.progress, "SaveOptions::progress", 0) {}

void StorageWriter::expect(std::uint64_t nbytes) noexcept {
    progress_.set_total(written_nbytes_ + nbytes);
}

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
    return write_jobs(jobs, describe);
}

Result<void> StorageWriter::write_run(const StorageView& run, const codec::CodecChoice& codec,
                                      std::uint64_t first_chunk, std::uint64_t storage_nbytes) {
    return write_jobs({{run, codec, first_chunk, storage_nbytes, 0}}, {});
}

Result<void> StorageWriter::write_jobs(const std::vector<StorageJob>& jobs,
                                       const std::function<std::string(std::size_t)>& describe) {
    for (const StorageJob& job : jobs)
        written_nbytes_ += job.view.nbytes();
    return write_storages(jobs,
                          {options_.alignment, encoder_options(options_),
                           base::thread_count(options_.threads), progress_, describe},
                          queue_, columns_);
}

}  // namespace milepost::saving
