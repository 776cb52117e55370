#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "platform/file.hpp"

namespace milepost::platform {

/// A file as a Source.
class FileSource final : public Source {
public:
    explicit FileSource(InputFile file) noexcept : file_(std::move(file)) {}
    Result<std::uint64_t> size() const override { return file_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        return file_.read(offset, to);
    }
    Result<void> check_unchanged() const override { return file_.check_unchanged(); }
    [[nodiscard]] const InputFile& file() const noexcept { return file_; }

private:
    InputFile file_;
};

}  // namespace milepost::platform
