#include "saving/chunk_pipeline.hpp"

#include <atomic>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "base/checked.hpp"
#include "codec/checksum.hpp"
#include "format/chunks.hpp"
#include "format/file_layout.hpp"

namespace milepost::saving {
namespace {

using codec::kChunkNbytes;

/// One chunk on its way: which one it is, and what became of it.
struct ChunkJob {
    const StorageJob* storage = nullptr;
    std::uint64_t number = 0;
};

struct EncodedChunk {
    std::span<const std::byte> stored;
    std::uint64_t raw_nbytes = 0;
    format::Digest raw_checksum{};
    format::Digest stored_checksum{};
};

/// One thread's memory and encoders; encodes one chunk at a time.
class ChunkWorker {
public:
    explicit ChunkWorker(int zstd_level) : zstd_level_(zstd_level) {}

    Result<EncodedChunk> encode(const ChunkJob& job) {
        auto raw = raw_bytes(job);
        if (!raw) return std::move(raw).error();
        EncodedChunk chunk;
        chunk.raw_nbytes = raw->size();
        chunk.raw_checksum = codec::checksum128(*raw);
        chunk.stored = compress(*job.storage->codec, *raw);
        const bool compressed = chunk.stored.size() != raw->size();
        chunk.stored_checksum = compressed ? codec::checksum128(chunk.stored) : chunk.raw_checksum;
        return chunk;
    }

private:
    /// The caller's own memory, or a copy of what a Reader holds (which keeps nothing in memory for it).
    Result<std::span<const std::byte>> raw_bytes(const ChunkJob& job) {
        const StorageView& view = job.storage->view;
        const std::uint64_t begin = job.number * kChunkNbytes;
        const std::uint64_t nbytes = format::chunk_raw_nbytes(view.nbytes(), job.number);
        if (view.provider() == nullptr) return view.bytes(begin, begin + nbytes);
        raw_.resize(kChunkNbytes);
        const auto to = std::span(raw_).first(static_cast<std::size_t>(nbytes));
        if (auto copied = view.read(begin, to); !copied) return std::move(copied).error();
        return std::span<const std::byte>(to);
    }

    std::span<const std::byte> compress(const codec::CodecRow& row, std::span<const std::byte> raw) {
        if (row.make_encoder == nullptr) return raw;
        if (encoder_ == nullptr || encoder_row_ != &row) {
            encoder_ = row.make_encoder(zstd_level_);
            encoder_row_ = &row;
            stored_.resize(kChunkNbytes);
        }
        const std::size_t nbytes = encoder_->encode(raw, stored_);
        return nbytes == 0 ? raw : std::span<const std::byte>(stored_).first(nbytes);
    }

    int zstd_level_;
    const codec::CodecRow* encoder_row_ = nullptr;
    std::unique_ptr<codec::Encoder> encoder_;
    std::vector<std::byte> raw_;
    std::vector<std::byte> stored_;
};

/// Puts chunks behind each other, in order, and notes where they are.
class ChunkAppender {
public:
    ChunkAppender(const PipelineOptions& options, OutputQueue& stream, StorageColumns& columns)
        : options_(options), stream_(stream), columns_(columns) {}

    Result<void> append(const ChunkJob& job, const EncodedChunk& chunk) {
        if (auto begun = begin_chunk(job); !begun) return begun;
        columns_.stored_checksums.push_back(chunk.stored_checksum);
        if (job.storage->codec->make_encoder != nullptr) {
            columns_.stored_nbytes.push_back(static_cast<std::uint32_t>(chunk.stored.size()));
            if (chunk.stored.size() != chunk.raw_nbytes) columns_.raw_checksums.push_back(chunk.raw_checksum);
        }
        return stream_.append(chunk.stored);
    }

    void append_empty(const StorageJob& storage) { put_record(storage); }

private:
    Result<void> begin_chunk(const ChunkJob& job) {
        if (job.storage->first_chunk + job.number != 0)
            return stream_.pad_to(base::align_up(stream_.position(), format::kChunkAlignment));
        std::uint64_t begin = 0;
        if (!format::storage_begin(stream_.position(), job.storage->storage_nbytes, options_.alignment,
                                   begin)) {
            return Error(Condition::total_bytes, "the checkpoint is too large");
        }
        put_record(*job.storage);
        return stream_.pad_to(begin);
    }

    void put_record(const StorageJob& storage) {
        columns_.storage_nbytes.push_back(storage.storage_nbytes);
        columns_.codecs.push_back({static_cast<std::uint8_t>(storage.codec->code), 0});
    }

    const PipelineOptions& options_;
    OutputQueue& stream_;
    StorageColumns& columns_;
};

/// All chunks of all storages, in order, without a list of them.
class ChunkSequence {
public:
    explicit ChunkSequence(const std::vector<StorageJob>& storages) : storages_(storages) {}

    /// The next chunk, or the next storage without bytes (number 0 of none); nothing at the end.
    std::optional<ChunkJob> next() {
        if (storage_ == storages_.size()) return std::nullopt;
        const ChunkJob job{&storages_[storage_], chunk_};
        if (++chunk_ >= format::chunk_count(job.storage->view.nbytes())) {
            ++storage_;
            chunk_ = 0;
        }
        return job;
    }

private:
    const std::vector<StorageJob>& storages_;
    std::size_t storage_ = 0;
    std::uint64_t chunk_ = 0;
};

bool is_empty(const ChunkJob& job) noexcept {
    return job.storage->view.nbytes() == 0;
}

Result<void> run_alone(ChunkSequence& sequence, ChunkWorker& worker, ChunkAppender& appender) {
    while (const auto job = sequence.next()) {
        if (is_empty(*job)) {
            appender.append_empty(*job->storage);
            continue;
        }
        auto chunk = worker.encode(*job);
        if (!chunk) return std::move(chunk).error();
        if (auto appended = appender.append(*job, *chunk); !appended) return appended;
    }
    return {};
}

/// The workers: each takes the next chunk, encodes it, waits for its turn, appends it.
class EncoderPool {
public:
    EncoderPool(ChunkSequence& sequence, ChunkAppender& appender, OutputQueue& stream, std::size_t size)
        : sequence_(sequence), appender_(appender), stream_(stream) {
        threads_.reserve(size);
    }

    /// False if the machine gives no thread, or no memory, for it.
    bool start(ChunkWorker& worker) {
        const std::lock_guard lock(mutex_);
        try {
            threads_.emplace_back([this, &worker] { work(worker); });
        } catch (const std::exception&) {
            return false;
        }
        ++working_;
        return true;
    }

    Result<void> finish() {
        for (std::thread& thread : threads_)
            thread.join();
        if (thrown_) std::rethrow_exception(thrown_);
        if (error_) return *error_;
        return {};
    }

private:
    void work(ChunkWorker& worker) noexcept {
        try {
            while (step(worker)) {
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            thrown_ = std::current_exception();
            turn_changed_.notify_all();
        }
        const std::lock_guard lock(mutex_);
        if (--working_ == 0) stream_.close_drain();
    }

    /// One chunk; false when there is none left or something failed.
    bool step(ChunkWorker& worker) {
        std::unique_lock lock(mutex_);
        if (failed()) return false;
        const std::uint64_t ticket = next_ticket_;
        const auto job = sequence_.next();
        if (!job) return false;
        ++next_ticket_;
        lock.unlock();
        std::optional<Result<EncodedChunk>> chunk;
        if (!is_empty(*job)) chunk = worker.encode(*job);
        lock.lock();
        if (chunk && !*chunk) return fail(chunk->error());
        turn_changed_.wait(lock, [&] { return turn_ == ticket || failed(); });
        if (failed()) return false;
        lock.unlock();  // it is our turn: nobody else appends
        Result<void> appended;
        if (chunk) {
            appended = appender_.append(*job, **chunk);
        } else {
            appender_.append_empty(*job->storage);
        }
        lock.lock();
        if (!appended) return fail(appended.error());
        ++turn_;
        turn_changed_.notify_all();
        return true;
    }

    bool fail(const Error& error) {
        if (!error_) error_ = error;
        turn_changed_.notify_all();
        return false;
    }

    [[nodiscard]] bool failed() const noexcept { return error_.has_value() || thrown_ != nullptr; }

    ChunkSequence& sequence_;
    ChunkAppender& appender_;
    OutputQueue& stream_;
    std::mutex mutex_;
    std::condition_variable turn_changed_;
    std::uint64_t next_ticket_ = 0;
    std::uint64_t turn_ = 0;
    unsigned working_ = 0;
    std::optional<Error> error_;
    std::exception_ptr thrown_;
    std::vector<std::thread> threads_;
};

std::uint64_t total_chunks(const std::vector<StorageJob>& jobs) noexcept {
    std::uint64_t chunks = 0;
    for (const StorageJob& job : jobs)
        chunks += format::chunk_count(job.view.nbytes());
    return chunks;
}

}  // namespace

Result<void> write_storages(const std::vector<StorageJob>& jobs, const PipelineOptions& options,
                            OutputQueue& stream, StorageColumns& columns) {
    // A thread is worth its start from about two chunks on.
    const std::uint64_t wanted = std::min<std::uint64_t>(options.threads, total_chunks(jobs) / 2);
    ChunkSequence sequence(jobs);
    ChunkAppender appender(options, stream, columns);
    std::vector<ChunkWorker> workers;
    workers.reserve(static_cast<std::size_t>(wanted) + 1);
    do {
        workers.emplace_back(options.zstd_level);
    } while (workers.size() < wanted);
    if (workers.size() == 1) return run_alone(sequence, workers.front(), appender);
    stream.open_drain();
    EncoderPool crew(sequence, appender, stream, workers.size());
    bool started = false;
    for (ChunkWorker& worker : workers)
        started = crew.start(worker) || started;
    if (!started) {
        stream.close_drain();
        return run_alone(sequence, workers.front(), appender);
    }
    stream.drain();
    return crew.finish();
}

}  // namespace milepost::saving
