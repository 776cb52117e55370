#include "convert/hdf5/file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/hdf5/cursor.hpp"

namespace milepost::convert::hdf5 {

using base::message;

Result<void> File::check_range(std::uint64_t address, std::uint64_t nbytes, std::string_view what) const {
    if (address == kNowhere)
        return Error(Condition::foreign, message("HDF5 ", what, ": it has no address, but is needed"));
    if (base::range_within(address, nbytes, this->nbytes())) return {};
    return Error(Condition::foreign, message("HDF5 ", what, " at ", address, ": it has ", nbytes,
                                             " bytes, but the file ends at ", this->nbytes()));
}

Result<FileBlock> File::read(std::uint64_t address, std::uint64_t nbytes, std::string_view what) {
    MILEPOST_TRY(check_range(address, nbytes, what));
    taken_nbytes_ += nbytes;  // each at most the size of the file, and refused before the third
    if (taken_nbytes_ > size_) {
        return Error(Condition::foreign,
                     message("HDF5 ", what, " at ", address, ": all structures up to it have ", taken_nbytes_,
                             " bytes, more than the file, ", size_, ": some are used twice, or overlap"));
    }
    if (taken_nbytes_ > limits_.max_index_bytes) {
        return Error(Condition::index_bytes,
                     message("HDF5 ", what, " at ", address, ": all structures up to it have ", taken_nbytes_,
                             " bytes, the limit is ", limits_.max_index_bytes));
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(nbytes));
    MILEPOST_TRY(source_->read(base_ + address, bytes));
    return FileBlock(std::move(bytes), address, what, widths_);
}

Result<FileBlock> File::read_rest(std::uint64_t address, const FileBlock& begin, std::uint64_t nbytes,
                                  std::string_view what) {
    std::vector<std::byte> bytes = begin.bytes();
    MILEPOST_TRY(check_range(address, nbytes, what));
    if (nbytes <= bytes.size()) {
        taken_nbytes_ -= bytes.size() - nbytes;
        bytes.resize(static_cast<std::size_t>(nbytes));
        return FileBlock(std::move(bytes), address, what, widths_);
    }
    MILEPOST_TRY_ASSIGN(const FileBlock rest, read(address + bytes.size(), nbytes - bytes.size(), what));
    bytes.insert(bytes.end(), rest.bytes().begin(), rest.bytes().end());
    return FileBlock(std::move(bytes), address, what, widths_);
}

}  // namespace milepost::convert::hdf5
