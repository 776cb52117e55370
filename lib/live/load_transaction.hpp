#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost::live {

/// Tensors and values on their way into live ones: all that can fail is done by stage(), before commit()
/// changes anything.
class LoadTransaction {
public:
    /// Compares shape and dtype, and adds the tensor to the transaction, or a mismatch to the report. `path`
    /// is the tensor's in the report, `parameter` the name of the parameter whose state it is. Throws
    /// std::bad_alloc.
    void add(std::string path, TensorView from, const Target& to, const LoadOptions& options,
             LoadReport& report, const std::string& parameter = {});

    /// commit() will replace `live` by `entries`.
    void replace(Entries& live, Entries entries) { entries_.push_back({&live, std::move(entries)}); }

    /// Runs the transaction: check_strict for `whose` ("model 'net'"), then everything that can fail, then
    /// the copies. Returns the report. Errors: those of load_into. Throws std::bad_alloc, and has changed
    /// nothing then.
    [[nodiscard]] Result<LoadReport> finish(LoadReport report, const LoadOptions& options,
                                            const std::string& whose);

private:
    /// Checks the bytes of all tensors. Loads those that cannot be used in the mapped file into memory.
    /// Errors: those of load_into but mismatch. Throws std::bad_alloc.
    [[nodiscard]] Result<void> stage();

    /// Calls Target::adopt of all targets that have one, before the first byte is written: it is the last
    /// step that can fail. Errors: invalid_argument/callback. Throws std::bad_alloc.
    [[nodiscard]] Result<void> hand_over() const;

    /// After stage() and hand_over(): cannot fail.
    void commit() noexcept;

    struct PendingCopy {
        std::string path;
        TensorView from;
        const Target* to;
        std::vector<Tensor> staged;  // one, or none where `bytes` are in the mapped file
        std::span<const std::byte> bytes;
    };
    struct Replacement {
        Entries* live;
        Entries entries;
    };

    [[nodiscard]] Result<void> stage(PendingCopy& copy) const;

    std::vector<PendingCopy> copies_;
    std::vector<Replacement> entries_;
};

}  // namespace milepost::live
