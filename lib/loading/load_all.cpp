#include <milepost/load_all.hpp>

#include <cstdint>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "base/out_of_memory.hpp"
#include "core/progress_meter.hpp"
#include "loading/arena_memory.hpp"
#include "loading/decode_parts.hpp"
#include "loading/memory_storages.hpp"
#include "loading/open.hpp"
#include "loading/read_request.hpp"
#include "loading/reader_impl.hpp"
#include "loading/segment_walk.hpp"

namespace milepost {
namespace {

/// All bytes of all storages, in the order of the file.
std::vector<loading::ReadRequest> requests_for(const loading::OpenedIndex& opened,
                                               const loading::MemoryStorages& memory) {
    std::vector<loading::ReadRequest> requests;
    const auto count = static_cast<std::uint32_t>(opened.index.storage_count());
    requests.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto to = memory.storage(i);
        if (to.empty()) continue;
        requests.push_back({.storage = i,
                            .begin = 0,
                            .end = to.size(),
                            .to = to.data(),
                            .memory = loading::target_memory(to)});
    }
    return requests;
}

}  // namespace

Arena::Arena() noexcept = default;
Arena::Arena(Arena&& other) noexcept = default;
Arena& Arena::operator=(Arena&& other) noexcept = default;
Arena::~Arena() = default;

std::uint64_t Arena::nbytes() const noexcept {
    return memory_ != nullptr ? memory_->nbytes() : 0;
}

bool Arena::in_use() const noexcept {
    return memory_ != nullptr && memory_->in_use();
}

Result<Checkpoint> load_all(const Reader& reader, const LoadAllOptions& options) try {
    const Reader::Impl& impl = *reader.impl_;
    std::shared_ptr<detail::ArenaMemory> block;
    if (options.arena != nullptr) block = options.arena->memory_;
    if (block == nullptr) block = std::make_shared<detail::ArenaMemory>();
    if (options.arena != nullptr) options.arena->memory_ = block;
    const auto memory = loading::MemoryStorages::take(std::move(block));
    if (memory == nullptr) {
        return Error(Condition::option,
                     "LoadAllOptions::arena is in use: a view of the checkpoint that it holds exists");
    }
    MILEPOST_TRY(memory->reserve(impl.opened, options.max_total_bytes));
    MILEPOST_TRY_ASSIGN(auto checkpoint, loading::decode_checkpoint(impl, [&](const TensorView& view) {
                            return memory->view(view);
                        }));
    const auto requests = requests_for(impl.opened, *memory);
    const std::uint64_t total =
        options.progress ? loading::count_reads(impl.opened, requests).stored_nbytes : 0;
    core::ProgressMeter progress(options.progress, "LoadAllOptions::progress", total);
    MILEPOST_TRY(impl.storages->read_all(requests, {.threads = options.threads, .progress = &progress}));
    return checkpoint;
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
