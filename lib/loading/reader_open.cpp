#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <milepost/digest.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/guarded_source.hpp"
#include "core/text.hpp"
#include "loading/file_access.hpp"
#include "loading/open.hpp"
#include "loading/reader_impl.hpp"

namespace milepost {
namespace {

using base::out_of_memory;
using loading::FileAccess;

/// Before a tensor can be used.
Result<void> check_digest(const loading::OpenedIndex& opened, const std::optional<Digest>& expected) {
    if (!expected) return {};
    const Digest found{opened.digest()};
    if (found == *expected) return {};
    return Error(Condition::other_content,
                 base::message("the content is another one: digest expected ", expected->to_string(),
                               ", found ", found.to_string()));
}

/// Everything that open() does after the file itself is open. The index comes before the mapping: a file that
/// is not a checkpoint is not mapped.
Result<void> open_checkpoint(Reader::Impl& impl, const OpenOptions& options) {
    if (auto opened = loading::open_index(impl.file.source(), options.limits, impl.opened); !opened)
        return opened;
    MILEPOST_TRY(check_digest(impl.opened, options.expected_digest));
    MILEPOST_TRY(impl.file.map(options.access));
    impl.max_decoded_bytes = options.limits.max_decoded_bytes;
    impl.storages.emplace(impl.file, impl.opened, options);
    if (options.check != Check::at_open) return {};
    return impl.storages->check_all();
}

}  // namespace

Result<Reader> Reader::open(const std::string& path, const OpenOptions& options) try {
    MILEPOST_TRY_ASSIGN(auto file, FileAccess::open(path));
    auto impl = std::make_shared<Impl>(path, std::move(file));
    if (auto opened = open_checkpoint(*impl, options); !opened) {
        // What was read of a file that somebody rewrites at the same time is not damage.
        MILEPOST_TRY(impl->file.check_unchanged());
        return opened.error().within(core::printable(path));
    }
    return Reader(std::move(impl));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

Result<Reader> Reader::open(std::shared_ptr<const Source> source, const OpenOptions& options) try {
    if (source == nullptr) return Error(Condition::option, "the source is null");
    auto guarded = std::make_shared<core::GuardedSource>(std::move(source));
    auto impl = std::make_shared<Impl>("", FileAccess(std::move(guarded)));
    MILEPOST_TRY(open_checkpoint(*impl, options));
    return Reader(std::move(impl));
} catch (const std::bad_alloc&) {
    return out_of_memory();
}

}  // namespace milepost
