#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/milepost.hpp>

namespace canonical {

/// A string in double quotes; characters that are not printable ASCII, `"` and `\` as their code points:
/// `<233>`.
[[nodiscard]] std::string quoted(std::string_view text);

/// Values as canonical_text.py writes the objects of Python and PyTorch that they represent: what differs in
/// a type, a bit, an order or in which tensors share a storage differs in the text.
class Text {
public:
    [[nodiscard]] std::string of(const milepost::Value& value);
    /// A dict whose keys are the names.
    [[nodiscard]] std::string of(const milepost::Entries& entries);
    /// With the keys of the parameters; empty: their indices are the keys.
    [[nodiscard]] std::string of(const milepost::ParamGroup& group,
                                 const std::vector<std::string>& param_keys);

private:
    std::string of(const milepost::Dict& dict);
    std::string of(const milepost::TensorView& tensor);
    template <class Items>
    std::string joined(const Items& items);

    /// Numbered as they first appear: the numbers of two texts agree if the same tensors are tied.
    std::map<milepost::StorageView, std::size_t> storages_;
};

/// A tensor whose bytes cannot be read; main() turns it into a message.
struct Unreadable {
    milepost::Error error;
};

}  // namespace canonical
