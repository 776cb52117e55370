#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

#include "convert/pickle/machine.hpp"
#include "convert/pickle/value_of.hpp"
#include "outcome.hpp"

/// Pickles as texts of opcodes, and what is made of them.
namespace milepost::testing {

inline std::string little_endian(std::uint64_t number, std::size_t nbytes) {
    std::string text;
    for (std::size_t i = 0; i < nbytes; ++i)
        text += static_cast<char>(number >> 8 * i & 0xFF);
    return text;
}

/// Opcodes for plain objects.
///@{
inline std::string pickled_text(std::string_view text) {
    return "X" + little_endian(text.size(), 4) + std::string(text);
}
inline std::string pickled_int(std::int64_t number) {
    return "\x8a\x08" + little_endian(static_cast<std::uint64_t>(number), 8);
}
inline std::string pickled_global(std::string_view module, std::string_view name) {
    return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
/// A call of a global with the objects of `arguments`.
inline std::string pickled_call(std::string_view module, std::string_view name,
                                std::string_view arguments = "") {
    return pickled_global(module, name) + "(" + std::string(arguments) + "tR";
}
///@}

/// A storage of torch, and a tensor that views it.
///@{
inline std::string pickled_storage(std::string_view type = "FloatStorage", std::int64_t count = 6,
                                   std::string_view key = "0", std::string_view location = "cpu") {
    return "(" + pickled_text("storage") + pickled_global("torch", type) + pickled_text(key) +
           pickled_text(location) + pickled_int(count) + "tQ";
}
struct PickledTensor {
    std::string storage = pickled_storage();
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape = {2, 3}, strides = {3, 1};
    std::string more = "\x89}";  ///< requires_grad and hooks
    std::string_view function = "_rebuild_tensor_v2";
};
inline std::string pickled_dims(const std::vector<std::int64_t>& dims) {
    std::string text = "(";
    for (const std::int64_t dim : dims)
        text += pickled_int(dim);
    return text + "t";
}
inline std::string pickled_tensor(const PickledTensor& tensor = {}) {
    return pickled_call("torch._utils", tensor.function,
                        tensor.storage + pickled_int(tensor.offset) + pickled_dims(tensor.shape) +
                            pickled_dims(tensor.strides) + tensor.more);
}
///@}

/// Storages of zeros, of the size that the pickle tells, up to 1 MiB.
class FakeStorages final : public convert::pickle::Storages {
public:
    Result<StorageView> find(const convert::pickle::StorageObject& storage) override {
        const std::uint64_t size = storage.dtype == nullptr ? 1 : storage.dtype->nbytes;
        if (storage.count > (1U << 20U) / size) return Error(Condition::foreign, "a large storage");
        if (storage.count == 0) return StorageView();
        return StorageView(std::span(memory_).first(static_cast<std::size_t>(storage.count * size)));
    }

private:
    std::vector<std::byte> memory_ = std::vector<std::byte>(1U << 20U);
};

/// What a pickle becomes; PROTO and STOP are put around the opcodes. The tensors borrow from `storages`.
inline Result<Value> unpickled_value(std::string_view opcodes, convert::pickle::Storages& storages,
                                     const Limits& limits = {}) {
    MILEPOST_TRY_ASSIGN(const auto unpickled,
                        convert::pickle::unpickle("\x80\x02" + std::string(opcodes) + ".", limits));
    return value_of(unpickled.objects, unpickled.root, storages);
}

inline std::string outcome_of(std::string_view opcodes, const Limits& limits = {}) {
    FakeStorages storages;
    return outcome(unpickled_value(opcodes, storages, limits));
}

inline std::string message_of(std::string_view opcodes) {
    FakeStorages storages;
    const auto value = unpickled_value(opcodes, storages);
    return value ? "" : value.error().message();
}

/// The value as text.
inline std::string text_of(std::string_view opcodes) {
    FakeStorages storages;
    const auto value = unpickled_value(opcodes, storages);
    return value ? to_string(*value) : value.error().to_string();
}

}  // namespace milepost::testing
