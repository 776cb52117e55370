#pragma once

#include <cstdint>

namespace lenet {

/// A line on stderr that tells how far training has come; nothing where stderr is not a terminal.
class Progress {
public:
    explicit Progress(std::int64_t steps);
    void show(std::int64_t done, double loss) const;
    /// Removes the line.
    void clear() const;

private:
    std::int64_t steps_;
    bool on_terminal_;
};

}  // namespace lenet
