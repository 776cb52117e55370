#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <milepost/export.hpp>
#include <milepost/options.hpp>
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
    /// Whether the content is what it was when the source was opened, as far as that can be told: what was
    /// read of a file that somebody rewrites is not damage. By default it is. Errors: io_error/changed.
    [[nodiscard]] virtual Result<void> check_unchanged() const { return {}; }
};

/// A regular file as a Source, for files that are not checkpoints. It never blocks on a pipe, and is read
/// through one descriptor that is closed with the last share of it. Errors: not_found/file;
/// not_a_checkpoint/not_regular; io_error/open; its functions: io_error/read, /changed.
[[nodiscard]] MILEPOST_API Result<std::shared_ptr<const Source>> open_source(const std::string& path);

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

/// A Sink whose commit() replaces the file at `path` in one step, as save() does (<milepost/writer.hpp>): for
/// files of other formats, which are then as durable as checkpoints. Of the options it uses `durable`,
/// `keep_cached`, `keep_previous` and `create_only`. Without commit() the old file stays, and nothing is left
/// of the new one. It buffers 4 MiB. Errors: as Writer::create; of its functions io_error/write, /no_space,
/// ...; of commit() those of Writer::commit.
[[nodiscard]] MILEPOST_API Result<std::unique_ptr<Sink>> open_sink(const std::string& path,
                                                                   const SaveOptions& options = {});

}  // namespace milepost
