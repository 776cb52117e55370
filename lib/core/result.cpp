#include <milepost/result.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <milepost/error.hpp>

namespace milepost {

void detail::end_program(const char* access, const Error* error) noexcept {
    // By pieces, without an allocation: there may be no memory left.
    std::fprintf(stderr, "milepost: Result::%s of ", access);
    if (error == nullptr) {
        std::fputs("a success\n", stderr);
    } else {
        const std::string_view code = name(error->code());
        const std::string_view condition = name(error->condition());
        std::fprintf(stderr, "an error: %.*s/%.*s: %s\n", static_cast<int>(code.size()), code.data(),
                     static_cast<int>(condition.size()), condition.data(), error->message().c_str());
    }
    std::abort();
}

}  // namespace milepost
