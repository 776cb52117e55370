#include "convert/hdf5/cursor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/hdf5/checksum.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

std::string_view text_of(std::span<const std::byte> bytes) noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Error Cursor::broken(std::string_view why) const {
    return Error(Condition::foreign, message("HDF5 ", what_, " at ", begin_, ": ", why));
}

Error Cursor::unsupported(std::string_view why) const {
    return Error(Condition::feature, message("HDF5 ", what_, " at ", begin_, ": ", why));
}

Result<std::span<const std::byte>> Cursor::bytes(std::uint64_t nbytes) {
    if (nbytes > remaining())
        return broken(
            message("it ends after ", bytes_.size(), " bytes, expected ", nbytes, " more at ", next_));
    const auto taken = bytes_.subspan(next_, static_cast<std::size_t>(nbytes));
    next_ += static_cast<std::size_t>(nbytes);
    return taken;
}

Result<Cursor> Cursor::part(std::uint64_t nbytes, std::string_view what) {
    const std::uint64_t begin = offset();
    MILEPOST_TRY_ASSIGN(const auto taken, bytes(nbytes));
    return Cursor(taken, begin, what.empty() ? what_ : what, widths_);
}

Result<void> Cursor::skip(std::uint64_t nbytes) {
    MILEPOST_TRY(bytes(nbytes));
    return {};
}

Result<std::uint64_t> Cursor::number(std::size_t nbytes) {
    MILEPOST_TRY_ASSIGN(const auto taken, bytes(nbytes));
    std::uint64_t number = 0;
    std::memcpy(&number, taken.data(), taken.size());
    return number;
}

Result<std::uint8_t> Cursor::byte() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t byte, number(1));
    return static_cast<std::uint8_t>(byte);
}

Result<std::uint64_t> Cursor::address() {
    MILEPOST_TRY_ASSIGN(const std::uint64_t address, number(widths_.address));
    const std::uint64_t all_set = widths_.address == 8 ? UINT64_MAX : (1ULL << 8U * widths_.address) - 1;
    return address == all_set ? kNowhere : address;
}

Result<std::string_view> Cursor::text() {
    const std::string_view rest = text_of(bytes_.subspan(next_));
    const std::size_t nbytes = rest.find('\0');
    if (nbytes == std::string_view::npos) return broken(message("the text at ", next_, " has no end"));
    next_ += nbytes + 1;
    return rest.substr(0, nbytes);
}

Result<void> Cursor::signature(std::string_view expected) {
    MILEPOST_TRY_ASSIGN(const auto found, bytes(expected.size()));
    if (text_of(found) == expected) return {};
    return broken(message("it begins with ", escape(text_of(found)), ", expected ", expected));
}

Result<void> Cursor::version(std::uint8_t expected) {
    MILEPOST_TRY_ASSIGN(const std::uint8_t found, byte());
    if (found == expected) return {};
    return unsupported(message("its version is ", unsigned{found}, ", expected ", unsigned{expected}));
}

Result<void> Cursor::checksum() {
    const std::uint32_t found = metadata_checksum(bytes_.first(next_));
    const std::size_t nbytes = next_;
    MILEPOST_TRY_ASSIGN(const std::uint64_t expected, number(4));
    if (found == expected) return {};
    return Error(Condition::foreign_checksum,
                 message("HDF5 ", what_, " at ", begin_, ": its ", nbytes, " bytes have the checksum ", found,
                         ", expected ", expected));
}

}  // namespace milepost::convert::hdf5
