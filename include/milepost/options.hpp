#pragma once

#include <cstdint>
#include <optional>

#include <milepost/digest.hpp>
#include <milepost/progress.hpp>

namespace milepost {

/// How a storage's chunks are stored. Numbers below 128 are stored in files; never renumber (docs/format.md,
/// section 4).
enum class Codec : std::uint8_t {
    raw = 0,          ///< as they are: can be viewed in a mapped file without a copy
    zstd = 1,         ///< one zstd frame a chunk; a chunk that does not shrink stays raw
    planes = 2,       ///< floats are cut into planes and coded; other storages as with automatic
    smallest = 254,   ///< the smallest that the library can, for each storage; slower to save and to load
    automatic = 255,  ///< raw, zstd or planes for each storage, by the gain on a sample of it
};

/// What a reader accepts and a writer writes: the same on both sides, so that
/// every file that is written can be read with the same limits.
struct Limits {
    /// Size of the index. Keeps a file from making the reader allocate much: the index is the only part
    /// that is read whole. The default holds some five million tensors. Always below 2 GiB.
    std::uint64_t max_index_bytes = 512ULL << 20U;
    /// Models and optimizers. They are few in any real checkpoint.
    std::uint64_t max_tables = 65'536;
    /// Groups, states, entries, values, tensors and storages, each. Bounds the work of opening.
    std::uint64_t max_records = 16ULL << 20U;
    /// Dimensions of a tensor; never above 64. NumPy and PyTorch stop at 64 too.
    std::uint32_t max_rank = 64;
    /// Bytes of one name. Real names stay below 200; messages and listings carry them.
    std::uint32_t max_name_bytes = 4096;
    /// Nesting of values; never above 1000. Bounds the recursion of code that walks, copies or destroys a
    /// Value.
    std::uint32_t max_depth = 64;
    /// Memory that a Reader takes for copies that it keeps (compressed storages, or read access). Default: no
    /// limit, since the caller asks for each copy; set it before opening a stranger's file.
    std::uint64_t max_total_bytes = UINT64_MAX;
    /// Memory that one call of Reader::value, model, optimizer or checkpoint may take for what it returns.
    /// Decoded data is larger than the index: a null takes 2 bytes of the file and sizeof(Value) bytes of
    /// memory, a named tensor some 60 and some 500. The default holds every real checkpoint (two million
    /// named tensors) and is harmless on a machine that runs one; opening, views and verify() do not count.
    std::uint64_t max_decoded_bytes = std::uint64_t{1} << 30U;
};

/// How a checkpoint is written. The defaults suit a training run.
struct SaveOptions {
    /// Of all storages.
    Codec codec = Codec::raw;
    /// 1 (fast) to 19 (small). zstd only.
    int zstd_level = 1;
    /// Threads that encode and hash; 0: as many as the machine has, at most 8. The bytes written do not
    /// depend on it.
    unsigned threads = 0;
    /// Of every storage in the file: a power of two, 64 to 2 MiB. Larger values suit direct I/O and huge
    /// pages.
    std::uint32_t alignment = 64;
    /// If true, only the bytes of a storage that its tensors reach are saved. A strided tensor that is the
    /// only one on its storage is saved contiguous if that makes it smaller; it is copied in memory for that,
    /// until the commit. Use it for views such as a row or a column of a matrix, with which the whole matrix
    /// would be saved otherwise. Tied tensors stay tied. If false, every view keeps its storage, strides and
    /// offset.
    bool compact = false;
    /// Wait until the file and its name are on disk. If false, a power cut soon after may lose the new file;
    /// it never mixes the old file with the new one. A file system that does not have fsync for files or for
    /// folders, or a folder that may not be read, is synced as a whole (syncfs): turning this off is not
    /// needed there.
    bool durable = true;
    /// Leave the new file in the page cache, for a program that loads it soon. A durable save to a local disk
    /// otherwise goes past the page cache (direct I/O), which is up to three times as fast and keeps what
    /// other programs have there: the first load after it reads from the disk. Saves that are not durable
    /// always go through the page cache.
    bool keep_cached = false;
    /// Keep the file that is replaced as `PATH.prev`. It is a hard link, which takes no space. Where links
    /// are not possible (FAT, many FUSE file systems, a file of another user) it is a copy, made before the
    /// first byte is written: it takes time and space for one more file.
    bool keep_previous = false;
    /// Fail with invalid_argument/target if the path exists, instead of replacing it. If the file system has
    /// neither hard links nor a rename that does not replace, the save fails with io_error/link before
    /// anything is written.
    bool create_only = false;
    /// Counts raw bytes of storages when they are handed over to be written; the disk is waited for after
    /// that. A Writer knows the total when commit() is called, save() at once.
    ProgressCallback progress = {};
    /// What the writer refuses to write.
    Limits limits = {};
};

/// How a Reader accesses the bytes.
enum class Access : std::uint8_t {
    automatic,  ///< mapped on a local file system, else read
    mapped,  ///< views point into the mapped file: no copy. Only for files that are not rewritten in place.
    read,    ///< views point into memory of the Reader: safe when the file is cut or its disk fails
};

/// When the checksums of tensor bytes are compared. The caller decides this; a file cannot.
enum class Check : std::uint8_t {
    first_access,  ///< of each chunk, when it is first used
    at_open,       ///< of all chunks, before open() returns
    never,         ///< never; the index is always checked
};

/// How a checkpoint is read.
struct OpenOptions {
    /// How the bytes of tensors are reached.
    Access access = Access::automatic;
    /// When they are checked.
    Check check = Check::first_access;
    /// Threads for check at_open, and for each large tensor that is read into memory; 0: as many as the
    /// machine has, at most 8. ReadPlan, load_all() and load_into() have options of their own.
    unsigned threads = 0;
    /// Leave what is read in the page cache. Otherwise, reads of much that is not in the page cache of a
    /// local disk go past it (direct I/O), which is faster and keeps what other programs have there, but the
    /// next load reads from the disk again. Set it where several processes load one file, or one loads it
    /// again soon. It changes nothing for what is in the page cache already, or is used in a mapped file.
    bool keep_cached = false;
    /// What Reader::digest() has to return, for example the digest that was noted when the file was saved. A
    /// file with another content is refused with mismatch/other_content, before a tensor can be used. It
    /// keeps a program from going on with another file by mistake, not from an attacker
    /// (<milepost/digest.hpp>).
    std::optional<Digest> expected_digest = {};
    /// What the reader refuses to read.
    Limits limits = {};
};

}  // namespace milepost
