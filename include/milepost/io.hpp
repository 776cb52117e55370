#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <milepost/result.hpp>

namespace milepost {

/// Where a Reader's bytes come from when they are not in a file: memory, an archive, a byte-range store.
///
///     class Memory : public milepost::Source { ... };
///     auto file = milepost::Reader::open(std::make_shared<Memory>(bytes));
///
/// Threads: both functions are called from any number of threads at once. The content must not change.
/// Exceptions: what they throw becomes an error of the call that needed the bytes: io_error/read with the
/// text of what(), or io_error/out_of_memory for std::bad_alloc. The next call may succeed.
class Source {
public:
    virtual ~Source() = default;
    /// Size in bytes.
    [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
    /// Fills `to` with the bytes from `offset` on, all of it. Errors: its own; io_error/read is usual.
    [[nodiscard]] virtual Result<void> read(std::uint64_t offset, std::span<std::byte> to) const = 0;
};

/// Where a Writer's bytes go when they do not go to a file: a pipe, an upload. The bytes come in one forward
/// pass. The last ones are the commit record: a receiver of fewer bytes does not have a checkpoint. Threads:
/// called by one thread at a time. Exceptions: as for a Source, but io_error/write; they end the save as any
/// error does.
class Sink {
public:
    virtual ~Sink() = default;
    /// Called at most once, with a size that the output will at least reach; only if that is known, because
    /// nothing is compressed. A sink that can allocate space does so here, to fail early. By default it does
    /// nothing. After an error the sink is not called again.
    [[nodiscard]] virtual Result<void> reserve(std::uint64_t /*nbytes*/) { return {}; }
    /// Takes the next bytes, all of them. After an error it is not called again.
    [[nodiscard]] virtual Result<void> write(std::span<const std::byte> bytes) = 0;
    /// Called once after the last write, if all succeeded: make it durable, close it.
    [[nodiscard]] virtual Result<void> commit() = 0;
};

}  // namespace milepost
