#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>

#include <milepost/load_into.hpp>
#include <milepost/read_plan.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include "core/progress_meter.hpp"

namespace milepost::live {

/// The copies of a load that one ReadPlan makes: tensors of the file, as they are, into contiguous memory;
/// and the progress of the whole load, in which each other copy counts the bytes of its tensor.
class BulkCopies {
public:
    /// Both are borrowed. `passes`: how often the bytes of all copies are read.
    BulkCopies(const Reader& reader, const LoadOptions& options, unsigned passes)
        : options_(options),
          passes_(passes),
          plan_(reader),
          meter_(options.progress, "LoadOptions::progress", 0) {}
    BulkCopies(const BulkCopies&) = delete;
    BulkCopies& operator=(const BulkCopies&) = delete;

    /// Takes a copy over. False if it has to be made otherwise: the tensor is not one of the file, or memory
    /// of another copy overlaps `to`. It is then counted in the progress. Throws std::bad_alloc.
    [[nodiscard]] bool add(const TensorView& from, std::span<std::byte> to);
    /// A copy that has to be made otherwise.
    void add_other(const TensorView& from) noexcept { other_nbytes_ += from.nbytes(); }
    /// No more copies come. Throws std::bad_alloc.
    void settle();

    /// ReadPlan::check and ReadPlan::read, with the load's progress. Errors: as these.
    ///@{
    [[nodiscard]] Result<void> check() { return run(&ReadPlan::check); }
    [[nodiscard]] Result<void> read() { return run(&ReadPlan::read); }
    ///@}
    /// One of the other copies is done, in one pass. Errors: those of the progress.
    [[nodiscard]] Result<void> note_other(const TensorView& from) noexcept {
        return meter_.add(from.nbytes());
    }

private:
    Result<void> run(Result<void> (ReadPlan::*call)(const ReadOptions&) const);

    const LoadOptions& options_;
    unsigned passes_;
    ReadPlan plan_;
    core::ProgressMeter meter_;
    std::uint64_t other_nbytes_ = 0;
    std::map<const std::byte*, const std::byte*, std::less<>> memory_;  // begin and end of what is written
};

}  // namespace milepost::live
