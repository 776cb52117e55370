#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/aligned_buffer.hpp"
#include "base/out_of_memory.hpp"
#include "platform/replace.hpp"

namespace milepost {
namespace platform {
namespace {

/// All writes but the last one have this size and begin at a multiple of it, as writes past the page cache
/// must.
constexpr std::size_t kBufferNbytes = std::size_t{4} << 20U;

class FileSink final : public Sink {
public:
    explicit FileSink(ReplacingFile file) : file_(std::move(file)), buffer_(kBufferNbytes) {}

    Result<void> reserve(std::uint64_t nbytes) override { return file_.reserve(nbytes); }

    Result<void> write(std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            const std::size_t nbytes = std::min(bytes.size(), kBufferNbytes - used_);
            std::memcpy(buffer_.bytes().data() + used_, bytes.data(), nbytes);
            used_ += nbytes;
            bytes = bytes.subspan(nbytes);
            if (used_ == kBufferNbytes) MILEPOST_TRY(flush());
        }
        return {};
    }

    Result<void> commit() override {
        if (used_ != 0) MILEPOST_TRY(flush());
        return file_.commit(written_);
    }

private:
    Result<void> flush() {
        MILEPOST_TRY(file_.write(written_, std::as_const(buffer_).bytes().first(used_)));
        written_ += used_;
        used_ = 0;
        return {};
    }

    ReplacingFile file_;
    base::AlignedBuffer buffer_;
    std::size_t used_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace
}  // namespace platform

Result<std::unique_ptr<Sink>> open_sink(const std::string& path, const SaveOptions& options) try {
    MILEPOST_TRY_ASSIGN(auto file,
                        platform::ReplacingFile::create(path, {options.durable, options.keep_previous,
                                                               options.create_only, options.keep_cached}));
    return std::unique_ptr<Sink>(std::make_unique<platform::FileSink>(std::move(file)));
} catch (const std::bad_alloc&) {
    return base::out_of_memory();
}

}  // namespace milepost
