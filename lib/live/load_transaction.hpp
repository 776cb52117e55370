#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "live/bulk_copies.hpp"
#include "live/live_memory.hpp"
#include "live/load_report.hpp"
#include "live/number.hpp"

namespace milepost::live {

/// Where a tensor or value is. Views, since long parts of paths occur in many of them: a path is composed
/// only where it is needed.
struct Place {
    std::string_view prefix;     ///< of the path, its last `/` included: "sgd/state/"
    std::string_view middle;     ///< the part below that, or nothing: "3"
    std::string_view name;       ///< the last part
    std::string_view parameter;  ///< as in ReportItem

    /// Throws std::bad_alloc.
    ///@{
    [[nodiscard]] std::string path() const;
    [[nodiscard]] ReportItem item() const { return {path(), std::string(parameter)}; }
    ///@}
};

/// Tensors and values on their way into live ones: what can fail is checked as LoadMode promises before
/// commit() changes anything.
class LoadTransaction {
public:
    /// All are borrowed. What is added are tensors of `reader`.
    LoadTransaction(const Reader& reader, const LoadOptions& options, ReportBuilder& report)
        : options_(options),
          report_(report),
          bulk_(reader, options, options.mode == LoadMode::checked ? 2 : 1) {}
    LoadTransaction(const LoadTransaction&) = delete;  // what was added refers to numbers_
    LoadTransaction& operator=(const LoadTransaction&) = delete;

    /// Compares what the file has with the live tensor, and adds it to the transaction, or a mismatch to the
    /// report: a tensor; under LoadOptions::cast a number, for one element. `place`, `from` and `to` must
    /// outlive this. Throws std::bad_alloc.
    void add(const Place& place, const Value& from, const Target& to);

    /// A tensor of the file that no live one is for: unexpected, unless it is tied to one that is loaded.
    void add_unexpected(const Place& place, const TensorView& from) {
        unpaired_.push_back({place, &from, nullptr});
    }
    /// A live tensor that the file has not: missing, unless its memory is loaded under another name.
    void add_missing(const Place& place, const Target& to) { unpaired_.push_back({place, nullptr, &to}); }

    /// `live` will be replaced by `entries`.
    void replace(Entries& live, Entries entries) { entries_.push_back({&live, std::move(entries)}); }

    /// Runs the transaction: check_strict for `whose` ("model 'net'"), then what LoadMode checks first, then
    /// the copies. Errors: those of load_into. Throws std::bad_alloc, and has changed nothing then.
    [[nodiscard]] Result<void> finish(const std::string& whose);

private:
    struct PendingCopy {
        Place place;
        const TensorView* from;
        const Target* to;
        std::span<const std::byte> staged;  // LoadMode::staged: the bytes to be copied
        bool is_bulk = false;               // bulk_ makes it
    };
    struct Unpaired {
        Place place;
        const TensorView* from;  // null for what live has and the file has not
        const Target* to;        // null for what the file has and live has not
    };
    struct Replacement {
        Entries* live;
        Entries entries;
    };

    void add_tensor(const Place& place, const TensorView& from, const Target& to);
    void add_dtype_mismatch(const Place& place, std::string_view in_file, const Target& to);
    [[nodiscard]] bool is_convertible(const TensorView& from, const Target& to) const noexcept;
    void settle_unpaired();
    [[nodiscard]] Result<void> check_targets() const;
    [[nodiscard]] Result<void> check_sharing() const;
    void plan_copies();
    [[nodiscard]] Result<void> check_bytes();
    [[nodiscard]] Result<void> stage();
    [[nodiscard]] Result<void> fill_stage();
    [[nodiscard]] static Result<void> stage(PendingCopy& copy, Tensor* target);
    [[nodiscard]] static bool is_used_in_place(const PendingCopy& copy);
    [[nodiscard]] Result<void> hand_over() const;
    [[nodiscard]] Result<void> copy_all();
    [[nodiscard]] Result<void> copy_one(const PendingCopy& copy) const;
    [[nodiscard]] std::vector<TensorPair> pairs() const;

    const LoadOptions& options_;
    ReportBuilder& report_;
    std::deque<ElementBytes> numbers_;  // numbers that fill a live tensor: their bytes, and tensors of these
    std::deque<TensorView> number_views_;
    std::vector<Tensor> staged_;
    BulkCopies bulk_;
    std::vector<PendingCopy> copies_;
    std::vector<Unpaired> unpaired_;
    std::vector<Replacement> entries_;
};

}  // namespace milepost::live
