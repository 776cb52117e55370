#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/export.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost {

/// Writes a checkpoint in one forward pass and bounded memory: for checkpoints that do not fit in memory.
///
///     auto writer = milepost::Writer::create("big.milepost");
///     for (auto& layer : layers) {                                  // produced one after the other
///         auto written = writer->add(layer.make().view());          // its bytes are in the file now
///         if (!written) return written.error();
///         checkpoint.model("model")[layer.name()] = *written;
///     }
///     auto saved = writer->commit(checkpoint);                      // old file or new one, never half
///
/// Nothing exists under the path until commit() succeeds; a Writer that is destroyed before that removes
/// what it wrote. After any error every further call fails with the same error.
///
/// While it is written, the new file can be opened by its owner only. A file that replaces another one keeps
/// its permissions, group, access control list (ACL), extended attributes (user.*, trusted.*, security.*)
/// and, for a privileged process, its owner, as they are at commit. If the system does not permit the group
/// or the list, everyone except the owner gets only what everyone had: never more than before. Not kept: hard
/// links to the old file, set-user-id, file capabilities, times. A new file gets the permissions of any new
/// file in its folder.
///
/// After fork() the file remains the parent's: a child process can destroy its copy of the Writer, which
/// closes the file there; other calls fail with invalid_argument/option.
///
/// Memory, independent of the size of the checkpoint: 12 MiB of buffers (24 for a durable file on a local
/// disk), and nothing more for Codec::raw. With zstd a thread takes 2 MiB and what zstd takes for its level:
/// 1 MiB up to level 2, 4 MiB up to 6, 13 MiB up to 12, 18 MiB up to 19. With 8 threads and level 19 that is
/// 184 MiB in all.
///
/// Memory that changes while it is saved: the bytes of a tensor are copied once into memory of the Writer,
/// and what is hashed, compressed and written is that copy. The file is therefore always whole. If another
/// thread changes a tensor during the call that writes it, each of its bytes is an old or a new one, in any
/// mixture, and the program has a data race; for one consistent state, stop writing to the tensors or save a
/// copy.
///
/// Errors about one part of the checkpoint begin with its path as in Reader::tensor ("net/layer321: ...",
/// "adam/param_groups/0/lr: ..."). Move-only: each call of one that was moved from fails with
/// invalid_argument/option. One thread at a time.
class MILEPOST_API Writer {
public:
    /// Errors: invalid_argument/target if `path` exists and is not a regular file (a symlink is not one);
    /// /option; io_error/open, /no_space; io_error/rename if the file at `path` may not be replaced (it is
    /// immutable, a mount point, or another user's in a sticky folder); io_error/link if an option needs what
    /// the file system does not have.
    [[nodiscard]] static Result<Writer> create(const std::string& path, const SaveOptions& options = {});
    /// Into `sink`, which must outlive the Writer. The options durable, keep_previous and create_only do not
    /// apply.
    [[nodiscard]] static Result<Writer> create(Sink& sink, const SaveOptions& options = {});

    /// See the class about a Writer that was moved from.
    ///@{
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    ///@}
    ~Writer();

    /// Writes the storage that the tensor views and returns a placeholder to put into the checkpoint in place
    /// of the tensor, whose memory can be reused. Each call writes a storage of its own: other tensors on it
    /// are made with the placeholder's view(). With SaveOptions::compact the storage holds this
    /// tensor alone. What can be wrong with the tensor is refused here, before it is written. Errors:
    /// invalid_argument/layout, /save_name for the name of a dtype that the library does not know;
    /// limit_exceeded/rank, /records, /name_bytes; io_error/...; those of the Reader that the tensor is from.
    [[nodiscard]] Result<WrittenTensor> add(const TensorView& tensor);

    /// Begins a contiguous tensor whose bytes come in pieces, for one that does not fit in memory as a
    /// whole: then append() all of them, then end_tensor(). No other call may come between.
    ///
    ///     auto begun = writer->begin_tensor(milepost::Dtype::f32, {1'000'000, 4096});
    ///     for (auto& rows : source) appended = writer->append(std::as_bytes(std::span(rows)));
    ///     checkpoint.model("model")["embedding.weight"] = *writer->end_tensor();
    ///
    /// The file does not depend on the sizes of the pieces. Memory: 8 MiB more; pieces of 8 MiB and above are
    /// not copied. With Codec::automatic the first 8 MiB decide. Errors: invalid_argument/layout if the shape
    /// is impossible, the dtype is not that of its code, or more or fewer bytes come than it has; /save_name
    /// as for add; /option if the calls are made in another order; limit_exceeded/... as for add;
    /// io_error/....
    ///@{
    [[nodiscard]] Result<void> begin_tensor(Dtype dtype, Shape shape);
    [[nodiscard]] Result<void> begin_tensor(DtypeInfo dtype, Shape shape);
    [[nodiscard]] Result<void> append(std::span<const std::byte> piece);
    ///@}
    /// Returns a placeholder for the tensor, as add() does.
    [[nodiscard]] Result<WrittenTensor> end_tensor();

    /// Writes the storages not written yet and the index, makes the file durable and gives it its name. All
    /// that can be wrong with the checkpoint is found before the first byte is written. Each tensor that was
    /// added or streamed must be in the checkpoint (a tensor of it views the same storage), because its bytes
    /// are in the file: one that was forgotten is refused with invalid_argument/layout and its number among
    /// those that were added. Errors: as add; invalid_argument/save_name, /layout, /option;
    /// limit_exceeded/...; not_durable/directory_sync, after which the new file is in place.
    [[nodiscard]] Result<void> commit(const Checkpoint& checkpoint);

private:
    friend class AsyncSaver;
    struct Impl;
    explicit Writer(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

/// Saves a checkpoint: on success the file is complete and, unless options.durable is off, on disk; on any
/// error (except not_durable) the path is as it was before. Errors: those of Writer.
///@{
[[nodiscard]] MILEPOST_API Result<void> save(const std::string& path, const Checkpoint& checkpoint,
                                             const SaveOptions& options = {});
[[nodiscard]] MILEPOST_API Result<void> save(Sink& sink, const Checkpoint& checkpoint,
                                             const SaveOptions& options = {});
///@}

}  // namespace milepost
