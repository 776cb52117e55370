#pragma once

#include <vector>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/lazy.hpp"
#include "codec/checksum.hpp"
#include "format/content_digests.hpp"
#include "format/file_layout.hpp"
#include "format/index.hpp"
#include "format/index_offsets.hpp"
#include "format/part_names.hpp"
#include "format/paths.hpp"
#include "loading/storage_tensors.hpp"

namespace milepost::loading {

/// A checked index, and what was learned on the way to it. The index borrows from the buffer. Does not move.
struct OpenedIndex {
    format::Header header;
    format::Footer footer;
    base::AlignedBuffer buffer;  ///< a private copy: what was checked cannot change afterwards
    format::Index index;
    format::IndexOffsets offsets;
    std::vector<Error> warnings;

    // Tables that are made when they are first asked for, so that opening does not pay for them. Any thread.
    // Throw std::bad_alloc.

    [[nodiscard]] const format::PartNames& part_names() const {
        return part_names_.get([this] { return format::PartNames(index); });
    }
    [[nodiscard]] const format::Paths& paths() const {
        return paths_.get([this] { return format::Paths(index, offsets); });
    }
    [[nodiscard]] const StorageTensors& storage_tensors() const {
        return storage_tensors_.get([this] { return StorageTensors(index, offsets); });
    }

    [[nodiscard]] const format::ContentDigests& content_digests() const {
        return content_digests_.get([this] { return format::ContentDigests(index, offsets); });
    }
    [[nodiscard]] const codec::Digest& digest() const {
        return digest_.get([this] { return format::file_digest(index, offsets, content_digests()); });
    }

private:
    base::Lazy<format::PartNames> part_names_;
    base::Lazy<format::Paths> paths_;
    base::Lazy<StorageTensors> storage_tensors_;
    base::Lazy<format::ContentDigests> content_digests_;
    base::Lazy<codec::Digest> digest_;
};

/// Whether an error of a read makes further reads pointless. After all others the rest of the file may still
/// be read: a disk can have a bad sector.
[[nodiscard]] inline bool is_fatal_read(const Error& error) noexcept {
    return error.condition() == Condition::changed || error.condition() == Condition::out_of_memory;
}

/// Steps 1 (but for the kind of file) to 7 of docs/format.md, section 7, into `opened`, which is large and
/// stays where it is. Throws std::bad_alloc. Errors: those named there; io_error/read.
[[nodiscard]] Result<void> open_index(const Source& source, const Limits& limits, OpenedIndex& opened);

}  // namespace milepost::loading
