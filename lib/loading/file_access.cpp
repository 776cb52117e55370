#include "loading/file_access.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "platform/file.hpp"

namespace milepost::loading {
namespace {

/// A file as a Source.
class FileSource final : public Source {
public:
    explicit FileSource(platform::InputFile file) noexcept : file_(std::move(file)) {}
    Result<std::uint64_t> size() const override { return file_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        return file_.read(offset, to);
    }
    [[nodiscard]] const platform::InputFile& file() const noexcept { return file_; }

private:
    platform::InputFile file_;
};

}  // namespace

Result<FileAccess> FileAccess::open(const std::string& path) {
    MILEPOST_TRY_ASSIGN(auto file, platform::InputFile::open(path));
    const auto source = std::make_shared<FileSource>(std::move(file));
    FileAccess access(source);
    access.file_ = &source->file();
    return access;
}

Result<void> FileAccess::map(Access wanted) {
    if (file_ == nullptr || wanted == Access::read) return {};
    if (wanted == Access::automatic && !file_->is_local()) return {};
    auto mapping = file_->map();
    if (mapping) {
        mapping_ = *std::move(mapping);
        return {};
    }
    if (wanted == Access::mapped) return std::move(mapping).error();
    return {};
}

Result<void> FileAccess::check_unchanged() const {
    if (file_ == nullptr) return {};
    return file_->check_unchanged();
}

}  // namespace milepost::loading
