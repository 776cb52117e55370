#pragma once

#include <cstdint>
#include <limits>
#include <memory>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/progress.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

namespace milepost {

/// @cond
namespace detail {
class ArenaMemory;
}
/// @endcond
struct LoadAllOptions;

/// Memory for one checkpoint after the other, so that load_all() need not take fresh memory from the system
/// each time, which costs about as much as the copy into it.
///
///     milepost::Arena arena;
///     for (const std::string& path : paths) {
///         auto checkpoint = milepost::load_all(*milepost::Reader::open(path), {.arena = &arena});
///         if (!checkpoint) return checkpoint.error();
///         use(*checkpoint);
///     }                                         // the checkpoint is gone: its memory can be used again
///
/// An arena holds the tensors of one checkpoint at a time. It can be used again when the last view of them is
/// gone; a load before that is refused, so that no view ever sees its bytes change. The views share ownership
/// of the memory: they stay valid when the arena is gone. Move-only; a moved-from one is empty.
/// Threads: one at a time. Views may be used and destroyed by any thread.
class MILEPOST_API Arena {
public:
    /// An empty one. It takes memory at the first load, more when a checkpoint needs more, and keeps it.
    Arena() noexcept;
    /// One that was moved from is empty.
    ///@{
    Arena(Arena&& other) noexcept;
    Arena& operator=(Arena&& other) noexcept;
    ///@}
    ~Arena();

    /// The memory that it holds.
    [[nodiscard]] std::uint64_t nbytes() const noexcept;
    /// Whether views of it exist.
    [[nodiscard]] bool in_use() const noexcept;

private:
    friend Result<Checkpoint> load_all(const Reader& reader, const LoadAllOptions& options);
    std::shared_ptr<detail::ArenaMemory> memory_;
};

/// How load_all() works.
struct LoadAllOptions {
    /// Threads that hash and decode; 0: as many as the machine has, at most 8. A file that is not in the page
    /// cache is read by up to four more, which wait for the disk.
    unsigned threads = 0;
    /// Memory to be used; null: fresh memory, which is given back with the last view. Borrowed for the call.
    Arena* arena = nullptr;
    /// Bytes of all storages, which a file of a stranger can make large: a chunk of zstd expands up to 32768
    /// times.
    std::uint64_t max_total_bytes = std::numeric_limits<std::uint64_t>::max();
    /// Counts bytes of the file: the stored sizes of the chunks that are read.
    ProgressCallback progress = {};
};

/// The whole checkpoint in memory: what Reader::checkpoint() returns, but tensors view memory that they own
/// together. Nothing refers to the file any more.
///
///     auto file = milepost::Reader::open("lenet.milepost");
///     if (!file) return fail(file.error());
///     auto checkpoint = milepost::load_all(*file);
///     if (!checkpoint) return fail(checkpoint.error());
///     auto* weight = (*checkpoint).model("model")["conv1.weight"].get_if<milepost::TensorView>();
///
/// Each storage is loaded once: tied tensors stay tied, and all of a storage is loaded that any tensor views.
/// Each begins at a multiple of 64. The memory is one block, which lives as long as any view of it; it has
/// huge pages where the system has them. To load a part of a file, or into other memory: ReadPlan.
/// Cost: the bytes of all storages, and at most 64 MiB during the call; reads and verifies the file once, on
/// several threads.
/// Errors: those of Reader::checkpoint() and ReadPlan::read(); limit_exceeded/total_bytes; io_error/
/// out_of_memory; invalid_argument/option if the arena is in use. Nothing is left of a load that failed.
[[nodiscard]] MILEPOST_API Result<Checkpoint> load_all(const Reader& reader,
                                                       const LoadAllOptions& options = {});

}  // namespace milepost
