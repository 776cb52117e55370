#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <milepost/export.hpp>
#include <milepost/progress.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost {

/// How many tensors are read at once.
struct ReadOptions {
    /// Threads that hash and decode; 0: as many as the machine has, at most 8. A file that is not in the page
    /// cache is read by up to four more, which wait for the disk.
    unsigned threads = 0;
    /// Counts bytes of the file: the stored sizes of the chunks that are read, each once.
    ProgressCallback progress = {};
};

/// Many tensors and slices of one file, and the memory of the caller that each of them goes to. They are read
/// in the order of the file, whatever the order of asking, by few large reads on several threads. A chunk is
/// read, verified and decoded once, however many of them need it.
///
///     milepost::ReadPlan plan(*file);
///     for (const milepost::TensorView& tensor : file->tensors("model")) {
///         auto added = plan.add(tensor, memory_of(tensor.name()));        // std::span<std::byte>
///         if (!added) return added.error();
///     }
///     allow(plan.nbytes());                                               // nothing has been read yet
///     auto read = plan.read();
///
/// Ownership: shares the open file, and borrows the memory that the tensors go to until it is destroyed. A
/// plan may be read several times. Threads: one at a time. Cost: some 250 bytes a tensor.
class MILEPOST_API ReadPlan {
public:
    /// An empty plan for tensors of this file.
    explicit ReadPlan(const Reader& reader) noexcept;

    /// Adds a tensor, or a part of one (TensorView::slice), which goes to `to` contiguous. Nothing is read.
    /// The same tensor may be added again with other memory. Errors: invalid_argument/layout unless
    /// to.size() == tensor.nbytes(), and those of TensorView::check_layout; invalid_argument/option if it is
    /// not a view of this file; io_error/out_of_memory. Nothing is added then.
    [[nodiscard]] Result<void> add(const TensorView& tensor, std::span<std::byte> to);

    /// How many tensors there are, and the bytes that they take in memory.
    ///@{
    [[nodiscard]] std::size_t tensor_count() const noexcept { return requests_.size(); }
    [[nodiscard]] std::uint64_t nbytes() const noexcept { return nbytes_; }
    ///@}

    /// What will be read of the file: the stored bytes of all chunks that are needed, and the number of reads
    /// of at most 4 MiB that fetch them, where no byte is in the page cache. A chunk is 1 MiB of a storage.
    /// It is read whole, even for one element. Cost: a walk over the chunks. Throw std::bad_alloc.
    ///@{
    [[nodiscard]] std::uint64_t stored_nbytes() const;
    [[nodiscard]] std::uint64_t read_count() const;
    ///@}

    /// Reads all of them. Memory: at most 64 MiB beside that of the caller, whatever the size of the file;
    /// tensors whose strides interleave take that of their storage (limit_exceeded/total_bytes).
    /// It ends soon after an error. Then every byte of the caller's memory is as it was before, or has its
    /// value of the file, or is zero, if it belongs to a chunk that is damaged or cannot be read. No damaged
    /// byte is ever written to it. Which of the tensors are complete is not known; verify() lists the damaged
    /// ones, and a plan without them can be read.
    /// Errors: those of TensorView::copy_to, of the first chunk in the file that has one, with the path of
    /// its tensor; invalid_argument/layout if memory of two tensors overlaps, before anything is read;
    /// cancelled/by_caller.
    [[nodiscard]] Result<void> read(const ReadOptions& options = {}) const;

    /// Compares the checksums of all stored chunks that read() needs, decodes nothing and writes nothing: it
    /// finds damage before the caller's memory changes. The bytes stay in the page cache for read(). Does
    /// nothing with Check::never. Errors: as read().
    [[nodiscard]] Result<void> check(const ReadOptions& options = {}) const;

private:
    struct Request {
        TensorView tensor;
        std::span<std::byte> to;
    };
    struct Prepared;
    [[nodiscard]] Prepared prepare() const;
    [[nodiscard]] Result<void> check_memory() const;
    [[nodiscard]] Result<void> run(const ReadOptions& options, bool only_check) const;

    std::shared_ptr<const Reader::Impl> impl_;
    std::vector<Request> requests_;
    std::uint64_t nbytes_ = 0;
};

}  // namespace milepost
