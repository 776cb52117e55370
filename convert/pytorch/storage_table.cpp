#include "convert/pytorch/storage_table.hpp"

#include <cstdint>
#include <utility>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pytorch {

using base::message;

Result<std::uint64_t> nbytes_of(const pickle::StorageObject& storage) {
    std::uint64_t nbytes = 0;
    if (!base::checked_mul(storage.count, storage.dtype == nullptr ? 1 : storage.dtype->nbytes, nbytes))
        return Error(Condition::foreign, message("storage ", escape(storage.key, 120), " has ", storage.count,
                                                 " elements, more than fit into memory"));
    return nbytes;
}

Result<StorageView> StorageTable::find(const pickle::StorageObject& storage) {
    if (const auto found = known_.find(storage.key); found != known_.end()) {
        if (found->second.dtype != storage.dtype || found->second.count != storage.count)
            return Error(Condition::foreign,
                         message("storage ", escape(storage.key, 120), " has two sizes or dtypes"));
        return found->second.view;
    }
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, nbytes_of(storage));
    MILEPOST_TRY_ASSIGN(const StoragePlace at, place(storage));
    if (at.nbytes != nbytes)
        return Error(Condition::foreign, message("storage ", escape(storage.key, 120), " has ", at.nbytes,
                                                 " bytes in the file, and ", nbytes, " by the pickle"));
    Known known{storage.dtype, storage.count, StorageView()};
    if (nbytes != 0) {
        MILEPOST_TRY_ASSIGN(known.view, StorageView::from(at.source, at.begin, nbytes));
    }
    return known_.emplace(storage.key, std::move(known)).first->second.view;
}

}  // namespace milepost::convert::pytorch
