#include "core/callback.hpp"

#include <exception>
#include <new>
#include <string_view>

#include <milepost/error.hpp>

#include "base/message.hpp"
#include "base/out_of_memory.hpp"
#include "core/text.hpp"

namespace milepost::core {

Error error_of_thrown(Condition condition, std::string_view who) noexcept try {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return base::out_of_memory();
    } catch (const std::exception& thrown) {
        return Error(condition, base::message(who, " threw an exception: ", printable(thrown.what())));
    } catch (...) {
        return Error(condition, base::message(who, " threw something that is not a std::exception"));
    }
} catch (...) {
    return base::out_of_memory();  // for the message
}

}  // namespace milepost::core
