#include "loading/file_access.hpp"

#include <memory>
#include <string>
#include <utility>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "platform/file.hpp"
#include "platform/file_source.hpp"

namespace milepost::loading {

Result<FileAccess> FileAccess::open(const std::string& path) {
    MILEPOST_TRY_ASSIGN(auto file, platform::InputFile::open(path));
    const auto source = std::make_shared<platform::FileSource>(std::move(file));
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

}  // namespace milepost::loading
