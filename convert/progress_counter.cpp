#include "convert/progress_counter.hpp"

#include <cstdint>
#include <exception>
#include <new>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"

namespace milepost::convert {

Result<void> ProgressCounter::add(std::uint64_t nbytes) {
    done_nbytes_ += nbytes;
    if (!progress_) return {};
    try {
        if (progress_({done_nbytes_, total_nbytes_})) return {};
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& thrown) {
        return Error(Condition::callback,
                     base::message("the progress callback has thrown: ", escape(thrown.what(), 120)));
    } catch (...) {
        return Error(Condition::callback, "the progress callback has thrown");
    }
    return Error(Condition::by_caller, "the progress callback ended the call");
}

Result<void> ProgressCounter::finish() {
    return done_nbytes_ < total_nbytes_ ? add(total_nbytes_ - done_nbytes_) : Result<void>();
}

}  // namespace milepost::convert
