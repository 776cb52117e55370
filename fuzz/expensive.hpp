#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

namespace milepost::fuzz {

/// Checkpoints of small files that a naive reader would take long or much memory for. All tensors are empty
/// or view the same zeros. It owns what the checkpoints view.
class Expensive {
public:
    /// `many`: how many there are of what there are many of; `long_one`: the size of what is long.
    Expensive(std::size_t many, std::size_t long_one) : many_(many), long_(long_one) {}

    /// `kind` from 1 to kKinds.
    static constexpr unsigned kKinds = 10;
    Checkpoint make(unsigned kind);

private:
    Checkpoint shared_chunks();
    [[nodiscard]] Checkpoint deep() const;
    [[nodiscard]] Checkpoint models() const;
    [[nodiscard]] Checkpoint long_key() const;
    [[nodiscard]] Checkpoint ranks() const;
    [[nodiscard]] Checkpoint nulls() const;
    [[nodiscard]] Checkpoint states() const;
    [[nodiscard]] Checkpoint long_names() const;
    [[nodiscard]] Checkpoint one_model() const;
    [[nodiscard]] Checkpoint large_keys() const;
    [[nodiscard]] List tensors() const;

    std::size_t many_;
    std::size_t long_;
    std::vector<std::uint8_t> zeros_;
};

}  // namespace milepost::fuzz
