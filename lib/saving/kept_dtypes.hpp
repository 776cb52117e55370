#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "core/text.hpp"

namespace milepost::saving {

/// The dtypes that a writer was given and the library does not know, with their names: the Reader that a
/// dtype came from may be closed before the commit.
class KeptDtypes {
public:
    /// The same dtype with a name that lives as long as this object. Errors: invalid_argument/layout if its
    /// code had another meaning before. Throws std::bad_alloc.
    [[nodiscard]] Result<DtypeInfo> keep(const DtypeInfo& dtype) {
        if (const auto known = find_dtype(dtype.code)) return *known;
        const auto at = dtypes_.try_emplace(dtype.code, Kept{dtype.bits, std::string(dtype.name)}).first;
        const Kept& kept = at->second;
        if (kept.bits == dtype.bits && kept.name == dtype.name)
            return DtypeInfo{dtype.code, kept.bits, kept.name};
        return Error(Condition::layout,
                     base::message("dtype ", static_cast<unsigned>(dtype.code), " is '",
                                   core::printable(dtype.name), "' of ", dtype.bits, " bits, and was '",
                                   core::printable(kept.name), "' of ", kept.bits, " bits before"));
    }

private:
    struct Kept {
        std::uint16_t bits;
        std::string name;
    };
    std::map<Dtype, Kept> dtypes_;
};

}  // namespace milepost::saving
