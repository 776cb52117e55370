#include "convert/budget.hpp"

#include <cstdint>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"

namespace milepost::convert {

using base::message;

Result<void> Budget::take_values(std::uint64_t count, std::uint64_t nbytes) {
    if (count > values_) {
        return Error(Condition::records,
                     message(what_, ": more values or tensors than the limit, ", limits_.max_records));
    }
    values_ -= count;
    std::uint64_t all = 0;
    return take_bytes(base::checked_mul(count, nbytes, all) ? all : UINT64_MAX);
}

Result<void> Budget::take_bytes(std::uint64_t nbytes) {
    if (nbytes > nbytes_) {
        return Error(Condition::decoded_bytes,
                     message(what_, ": its content takes more memory than the limit, ",
                             limits_.max_decoded_bytes, " bytes"));
    }
    nbytes_ -= nbytes;
    return {};
}

}  // namespace milepost::convert
