#pragma once

#include <memory>
#include <optional>
#include <string>

#include <milepost/reader.hpp>

#include "loading/open.hpp"
#include "loading/storage_reader.hpp"
#include "platform/file.hpp"

namespace milepost {

/// What a Reader is. Immutable after open, but for the chunk states and copies inside StorageReader, which
/// are thread-safe.
struct Reader::Impl {
    std::string path;  ///< "" for a caller's Source
    std::shared_ptr<const Source> source;
    const platform::InputFile* file = nullptr;  ///< the one inside source, if any
    platform::Mapping mapping;
    loading::OpenedIndex opened;
    std::optional<loading::StorageReader> storages;

    /// A view of a tensor of the file; its name is that of the entry, if it is one.
    [[nodiscard]] TensorView view(std::uint32_t tensor) const;
    [[nodiscard]] DtypeInfo dtype(std::uint8_t code) const;
};

}  // namespace milepost
