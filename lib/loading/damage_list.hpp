#pragma once

#include <cstdint>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/verify.hpp>

#include "format/chunks.hpp"
#include "loading/open.hpp"

namespace milepost::loading {

/// Counts all damage of a file, and keeps what the report lists: the first ranges in the order of the file.
/// Members throw std::bad_alloc. One thread at a time.
class DamageList {
public:
    /// Both are borrowed.
    DamageList(const OpenedIndex& opened, const VerifyOptions& options)
        : opened_(opened), options_(options) {}

    void add(Error error, std::uint64_t begin, std::uint64_t end);
    /// The error does not name the place yet: that is done for what is listed.
    void add_chunk(Error error, std::uint32_t storage, const format::Chunk& chunk);

    /// Completes the report by all that was found.
    void complete(VerifyReport& report);

private:
    void count(const Error& error) noexcept;
    void list(Damage damage);
    void keep_first();
    void name_tensors(Damage& damage) const;
    [[nodiscard]] std::uint64_t damaged_tensors();

    const OpenedIndex& opened_;
    const VerifyOptions& options_;
    std::uint64_t count_ = 0;
    std::uint64_t unreadable_ = 0;
    std::vector<Damage> listed_;         ///< never more than twice of what the report lists
    std::uint64_t end_ = UINT64_MAX;     ///< what begins here or later is not listed: enough is before it
    std::vector<std::uint32_t> chunks_;  ///< the damaged ones, as the file numbers them
};

}  // namespace milepost::loading
