#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

/// Files of other formats, in and out. This header belongs to the library milepost-convert, which programs
/// link beside milepost: what it depends on never reaches the core.
///
///     auto imported = milepost::import_file("resnet18.pth");       // runs nothing that is in the file
///     if (!imported) return fail(imported.error());
///     auto saved = milepost::save("resnet18.milepost", imported->checkpoint);
///     if (!saved) return fail(saved.error());
///     auto unchanged = imported->source->check_unchanged();        // nobody rewrote it meanwhile
namespace milepost {

class Source;

/// The formats that are known here.
enum class FileFormat : std::uint8_t {
    milepost,     ///< in and out
    pytorch,      ///< torch.save: zip archives, and the legacy form of versions before 1.6 (in only)
    safetensors,  ///< one file, or many with their `*.index.json`
    npz,          ///< NumPy: a zip archive of arrays
    npy,          ///< NumPy: one array
    gguf,         ///< versions 2 and 3
    hdf5,         ///< what h5py and Keras write (in only)
};

/// The word of a format, as the command line writes it ("pytorch"), and the format of a word.
///@{
MILEPOST_API std::string_view name(FileFormat format) noexcept;
MILEPOST_API std::optional<FileFormat> find_file_format(std::string_view word) noexcept;
///@}

/// The format of files with the extension of this path, such as .pt or .safetensors: for files that are to be
/// written. Nothing for other extensions.
MILEPOST_API std::optional<FileFormat> format_of_extension(std::string_view path) noexcept;

/// The format of a file, by its content and never by its name. Errors: not_a_checkpoint/magic if it is none
/// of these, with what it looks like; those of open_source().
[[nodiscard]] MILEPOST_API Result<FileFormat> sniff(const std::string& path);

/// How a file of any format is read.
struct ImportOptions {
    /// The format; by default that of the content.
    std::optional<FileFormat> format = std::nullopt;
    /// Values that become models: the path of a dict of tensors ("model/state_dict"), and the name of the
    /// model. Other nested dicts stay what they are.
    std::vector<std::pair<std::string, std::string>> models = {};
    /// What is refused. Also of the structure of other formats: the bytes of a header or a pickle count as an
    /// index, its objects as records, their memory as decoded bytes.
    Limits limits = {};
};

/// A file that was read. Its tensors are views of the file: their bytes are read when they are used, and
/// checked where the format has checksums.
struct Imported {
    FileFormat format = FileFormat::milepost;        ///< of the file
    Checkpoint checkpoint = {};                      ///< its content
    std::shared_ptr<const Source> source = nullptr;  ///< the file itself (the index of a sharded one)
};

/// Reads the structure of a file; no tensor is read. A `.pt` becomes what milepost.save(torch.load(path))
/// makes in Python, a `.safetensors`, `.npz` or GGUF what milepost.torch.save_file makes: a model `model`,
/// and a value `metadata` where there is any; an HDF5 file the same, but with values `attributes` and
/// `texts`. Nothing in the file is run.
///
/// Errors: those of sniff(), and of Reader::open for a checkpoint; unsupported/global, /opcode for a pickle
/// that is more than data, /feature for what Milepost does not have; corrupt/foreign, /foreign_checksum;
/// truncated/cut; limit_exceeded. Messages name the place in the file. Threads: any.
[[nodiscard]] MILEPOST_API Result<Imported> import_file(const std::string& path,
                                                        const ImportOptions& options = {});

/// Something that a format cannot hold.
struct Loss {
    std::string path;    ///< of the tensor or value
    std::string reason;  ///< why, and what becomes of it if the loss is allowed
};

/// How a file of any format is written.
struct ExportOptions {
    /// The format.
    FileFormat format = FileFormat::milepost;
    /// Write the file even if something is lost. Otherwise export_file refuses before it writes.
    bool lossy = false;
    /// Read the new file again, and compare it bit for bit with the checkpoint, or with what `lossy` leaves
    /// of it. It has replaced the old one by then.
    bool verify = false;
    /// safetensors: the most bytes of one file; more are written as `NAME-00001-of-0000N.safetensors` with
    /// `NAME.safetensors.index.json`. 0: one file.
    std::uint64_t max_shard_nbytes = 0;
    /// How it is written. Other formats use `durable`, `keep_cached`, `keep_previous`, `create_only` and
    /// `progress`.
    SaveOptions save = {};
};

/// A tensor of a checkpoint, under the name that it has in a format of named tensors.
struct NamedTensor {
    std::string name;   ///< "conv1.weight"
    TensorView tensor;  ///< a view of the same storage
};

/// The tensors that safetensors, npz and GGUF files can hold, in the order of the checkpoint: entries of
/// models, and top-level values. If there is one model and no such value, a name is that of the entry; else
/// it is the path. Throws std::bad_alloc.
[[nodiscard]] MILEPOST_API std::vector<NamedTensor> named_tensors(const Checkpoint& checkpoint);

/// What the format cannot hold of a checkpoint: in the order of the checkpoint, nothing if it can hold all.
/// Throws std::bad_alloc.
[[nodiscard]] MILEPOST_API std::vector<Loss> find_losses(const Checkpoint& checkpoint, FileFormat format);

/// Writes a checkpoint in any format, as durably as save() does: `path` leads to the old file or to the new
/// one. The same checkpoint gives the same bytes. Memory does not grow with the tensors. Returns the path
/// that opens what was written: `path`, or that of the index of shards. Errors: unsupported/not_held for the
/// first loss, unless `lossy`; unsupported/feature for a format that is only read; mismatch/unexpected from
/// `verify`; those of save().
[[nodiscard]] MILEPOST_API Result<std::string> export_file(const std::string& path,
                                                           const Checkpoint& checkpoint,
                                                           const ExportOptions& options);

}  // namespace milepost
