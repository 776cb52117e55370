#include "convert/gguf/cursor.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"

namespace milepost::convert::gguf {
namespace {

using base::message;

constexpr std::uint64_t kBufferNbytes = 65'536;

}  // namespace

Result<void> Cursor::check_room(std::uint64_t count, std::uint64_t least_nbytes,
                                std::string_view what) const {
    std::uint64_t nbytes = 0;
    if (!base::checked_mul(count, least_nbytes, nbytes) || nbytes > remaining()) {
        return Error(Condition::cut,
                     message("GGUF header at ", offset(), ": ", count, " ", what, " take at least ",
                             least_nbytes, " bytes each, but the file has only ", remaining(), " more"));
    }
    return {};
}

Result<void> Cursor::check_end(std::uint64_t nbytes, std::string_view what) const {
    if (nbytes > remaining()) {
        return Error(Condition::cut, message("GGUF header at ", offset(), ": ", what, " takes ", nbytes,
                                             " bytes, but the file has only ", remaining(), " more"));
    }
    if (offset() > max_nbytes_ || nbytes > max_nbytes_ - offset()) {
        return Error(Condition::index_bytes,
                     message("GGUF header at ", offset(), ": it goes on for ", nbytes,
                             " bytes, beyond the limit, ", max_nbytes_, " bytes in all"));
    }
    return {};
}

Result<void> Cursor::fill(std::size_t nbytes, std::string_view what) {
    MILEPOST_TRY(check_end(nbytes, what));
    if (buffer_.size() - next_ >= nbytes) return {};
    buffer_begin_ += next_;
    next_ = 0;
    buffer_.resize(static_cast<std::size_t>(std::min(kBufferNbytes, size_ - buffer_begin_)));
    return source_.read(buffer_begin_, buffer_);
}

Result<std::string> Cursor::text(std::string_view what) {
    MILEPOST_TRY_ASSIGN(const auto nbytes, number<std::uint64_t>(what));
    MILEPOST_TRY(check_end(nbytes, what));
    std::string text(static_cast<std::size_t>(nbytes), '\0');
    const std::size_t buffered = std::min(text.size(), buffer_.size() - next_);
    std::copy_n(reinterpret_cast<const char*>(buffer_.data()) + next_, buffered, text.data());
    next_ += buffered;
    if (buffered == text.size()) return text;
    const std::size_t rest = text.size() - buffered;
    MILEPOST_TRY(source_.read(offset(), std::as_writable_bytes(std::span(text).subspan(buffered))));
    buffer_begin_ = offset() + rest;
    next_ = 0;
    buffer_.clear();
    return text;
}

}  // namespace milepost::convert::gguf
