#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <milepost/load_into.hpp>

namespace milepost::live {

/// Tensors and values on their way into live ones: all that can fail is done by stage(), before commit()
/// changes anything.
class LoadTransaction {
public:
    /// Checks shape and dtype: notes the tensor, or what does not match in the report. `path` is that of the
    /// tensor in the report; `parameter` that of whose state it is. Throws std::bad_alloc.
    void add(std::string path, TensorView from, const Target& to, const LoadOptions& options,
             LoadReport& report, const std::string& parameter = {});

    /// commit() will put `entries` in the place of `live`.
    void replace(Entries& live, Entries entries) { entries_.push_back({&live, std::move(entries)}); }

    /// The whole transaction after add() and replace(): what strict makes of the report, for `whose` ("model
    /// 'net'"), then everything that can fail, then the copies. Errors: those of load_into. Throws
    /// std::bad_alloc, and has changed nothing then.
    [[nodiscard]] Result<LoadReport> finish(LoadReport report, const LoadOptions& options,
                                            const std::string& whose);

private:
    /// Checks the bytes of all tensors, and has those that are not mapped as they are in memory of its own.
    /// Errors: those of load_into but mismatch. Throws std::bad_alloc.
    [[nodiscard]] Result<void> stage();

    /// After stage(): cannot fail.
    void commit() noexcept;

    struct PendingCopy {
        std::string path;
        TensorView from;
        const Target* to;
        std::vector<Tensor> staged;  // one, or none where `bytes` are those of the file
        std::span<const std::byte> bytes;
    };
    struct Replacement {
        Entries* live;
        Entries entries;
    };

    [[nodiscard]] static Result<void> stage(PendingCopy& move);

    std::vector<PendingCopy> moves_;
    std::vector<Replacement> entries_;
};

}  // namespace milepost::live
