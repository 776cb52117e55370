#include "loading/decoded_storages.hpp"

#include <cstdint>
#include <mutex>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"

namespace milepost::loading {

using base::message;

DecodedStorages::Copy& DecodedStorages::copy_of(std::uint32_t storage) const {
    const std::lock_guard lock(copies_mutex_);
    return copies_[storage];
}

Result<DecodedStorages::Reserved> DecodedStorages::reserve(std::uint32_t storage) const {
    const std::uint64_t nbytes = source_.opened.offsets.storage_nbytes(source_.opened.index, storage);
    const std::lock_guard lock(copies_mutex_);
    std::uint64_t total = 0;
    if (!base::checked_add(copied_nbytes_, nbytes, total) || total > max_total_bytes_) {
        return Error(Condition::total_bytes,
                     message("storage ", storage, " has ", nbytes, " bytes, with ", copied_nbytes_,
                             " in memory already; the limit is ", max_total_bytes_));
    }
    copied_nbytes_ = total;
    return Reserved(*this, nbytes);
}

void DecodedStorages::give_back(std::uint64_t nbytes) const noexcept {
    const std::lock_guard lock(copies_mutex_);
    copied_nbytes_ -= nbytes;
}

}  // namespace milepost::loading
