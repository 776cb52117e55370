#include <new>
#include <utility>

#include "base/out_of_memory.hpp"
#include "core/text.hpp"
#include "loading/reader_impl.hpp"

namespace milepost {
namespace {

using base::out_of_memory;

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

/// Maps if the caller or the file system wants it; what cannot be mapped is read, unless the caller insists.
Result<void> choose_access(Reader::Impl& impl, Access wanted) {
    if (impl.file == nullptr || wanted == Access::read) return {};
    if (wanted == Access::automatic && !impl.file->is_local()) return {};
    auto mapping = impl.file->map();
    if (mapping) {
        impl.mapping = *std::move(mapping);
        return {};
    }
    if (wanted == Access::mapped) return std::move(mapping).error();
    return {};
}

Result<void> finish_open(Reader::Impl& impl, const OpenOptions& options) {
    if (auto opened = loading::open_index(*impl.source, options.limits, impl.opened); !opened) return opened;
    if (auto chosen = choose_access(impl, options.access); !chosen) return chosen;
    impl.storages.emplace(
        *impl.source, impl.mapping.bytes(), impl.opened, impl.file,
        loading::StorageReaderOptions{options.check, options.threads, options.limits.max_total_bytes});
    if (options.check == Check::at_open) {
        if (auto checked = impl.storages->check_all(); !checked) return checked;
    }
    return {};
}

}  // namespace

Reader::Reader(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

Result<Reader> Reader::open(const std::string& path, const OpenOptions& options) try {
    auto file = platform::InputFile::open(path);
    if (!file) return std::move(file).error();
    auto source = std::make_shared<FileSource>(*std::move(file));
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    impl->file = &source->file();
    impl->source = std::move(source);
    if (auto opened = finish_open(*impl, options); !opened) {
        // What was read of a file that somebody rewrites meanwhile is no damage.
        if (auto unchanged = impl->file->check_unchanged(); !unchanged) return std::move(unchanged).error();
        return opened.error().within(core::printable(path));
    }
    return Reader(std::move(impl));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<Reader> Reader::open(std::shared_ptr<const Source> source, const OpenOptions& options) try {
    if (source == nullptr) return Error(Condition::option, "the source is null");
    auto impl = std::make_unique<Impl>();
    impl->source = std::move(source);
    if (auto opened = finish_open(*impl, options); !opened) return std::move(opened).error();
    return Reader(std::move(impl));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

}  // namespace milepost
