#include <string>

#include <milepost/checkpoint.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/writer.hpp>

namespace milepost {

Result<void> save(const std::string& path, const Checkpoint& checkpoint, const SaveOptions& options) {
    MILEPOST_TRY_ASSIGN(auto writer, Writer::create(path, options));
    return writer.commit(checkpoint);
}

Result<void> save(Sink& sink, const Checkpoint& checkpoint, const SaveOptions& options) {
    MILEPOST_TRY_ASSIGN(auto writer, Writer::create(sink, options));
    return writer.commit(checkpoint);
}

}  // namespace milepost
