#include "platform/file_source.hpp"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/out_of_memory.hpp"
#include "platform/file.hpp"

namespace milepost {

Result<std::shared_ptr<const Source>> open_source(const std::string& path) try {
    MILEPOST_TRY_ASSIGN(auto file, platform::InputFile::open(path));
    return std::shared_ptr<const Source>(std::make_shared<const platform::FileSource>(std::move(file)));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
