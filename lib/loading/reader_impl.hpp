#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "loading/file_access.hpp"
#include "loading/open.hpp"
#include "loading/shared_layouts.hpp"
#include "loading/storage_reader.hpp"

namespace milepost {

/// The content of a Reader. Immutable after open, except for the states and copies of chunks inside
/// StorageReader, which are thread-safe. `storages` refers to `file` and `opened`: an Impl is never moved.
struct Reader::Impl : std::enable_shared_from_this<Reader::Impl> {
    /// `path_of_file` is "" for a caller's Source.
    Impl(std::string path_of_file, loading::FileAccess file_access)
        : path(std::move(path_of_file)), file(std::move(file_access)) {}

    std::string path;
    loading::FileAccess file;
    loading::OpenedIndex opened;
    std::uint64_t max_decoded_bytes = 0;             // Limits::max_decoded_bytes
    std::optional<loading::StorageReader> storages;  // made when the index is open and the file is mapped

    /// A view of a tensor of the file; its name is that of the entry, if it is one. Many views of one call
    /// share their layouts. They throw std::bad_alloc.
    ///@{
    [[nodiscard]] TensorView view(std::uint32_t tensor) const;
    [[nodiscard]] TensorView view(std::uint32_t tensor, loading::SharedLayouts& layouts) const;
    ///@}
    [[nodiscard]] DtypeInfo dtype(std::uint8_t code) const;

private:
    [[nodiscard]] TensorView view(std::uint32_t tensor, loading::SharedLayouts::Layout layout) const;
};

}  // namespace milepost
