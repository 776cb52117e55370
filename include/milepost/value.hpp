#pragma once

#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <milepost/export.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

namespace milepost {

class Value;

/// Numbers are stored in files; never renumber (docs/format.md, section 6.4).
// clang-format off
enum class Kind : std::uint8_t {
    null = 0, boolean = 1, integer = 2, floating = 3, complex = 4, string = 5, bytes = 6,
    list = 7, tuple = 8, set = 9, dict = 10, tensor = 11,
};
// clang-format on

/// "null", "bool", "int", "float", ...: the word that listings use.
MILEPOST_API std::string_view name(Kind kind) noexcept;

/// The Python types that a kind of value came from. Stored in files; never renumber.
///@{
enum class StringSubtype : std::uint8_t { str = 0, dtype = 1, device = 2, layout = 3 };
enum class BytesSubtype : std::uint8_t { bytes = 0, bytearray = 1 };
enum class TupleSubtype : std::uint8_t { tuple = 0, size = 1 };
enum class DictSubtype : std::uint8_t { dict = 0, ordered_dict = 1, counter = 2 };
///@}

/// An integer of any width: two's complement, little-endian, as few bytes as possible (at least one).
struct Integer {
    std::vector<std::byte> bytes;  ///< lowest first
    friend bool operator==(const Integer&, const Integer&) = default;
};

/// A text, or the name of a torch.dtype, torch.device or torch.layout.
struct String {
    std::string text;                            ///< UTF-8
    StringSubtype subtype = StringSubtype::str;  ///< which of these it is
};

/// Bytes of any content, for example the state of a random number generator.
struct Bytes {
    std::vector<std::byte> bytes;                ///< the content
    BytesSubtype subtype = BytesSubtype::bytes;  ///< bytes or bytearray
};

/// Values of any kinds in order.
struct List {
    std::vector<Value> items;  ///< in order
};

/// Values of any kinds in order; a torch.Size has ints.
struct Tuple {
    std::vector<Value> items;                    ///< in order
    TupleSubtype subtype = TupleSubtype::tuple;  ///< tuple or torch.Size
};

/// Elements in any order; saved in the canonical one.
struct Set {
    std::vector<Value> items;  ///< each once
};

/// Keys in order. Keys are null, bool, int, float, string, bytes or tuples of these; two keys that Python
/// holds equal (1, 1.0, true) are refused when saved.
struct Dict {
    std::vector<std::pair<Value, Value>> items;       ///< key and value, in order
    std::vector<std::pair<Value, Value>> attributes;  ///< of the Python object itself, if it has any
    DictSubtype subtype = DictSubtype::dict;          ///< dict, OrderedDict or Counter

    /// The value under a string key, or null.
    [[nodiscard]] MILEPOST_API const Value* find(std::string_view key) const noexcept;
};

/// A typed datum of a checkpoint: everything that torch.load(weights_only=True) takes, bit for bit.
///
///     checkpoint.values()["epoch"] = 3;                       // an int; 3.0 would be a float
///     auto epoch = file->value("epoch");
///     if (epoch) use(epoch->as_int().value());
///
/// A plain value that owns its content, but for tensors, which borrow as TensorView does.
class MILEPOST_API Value {
public:
    /// Null, or a value of the kind that the type of the argument has. Integers keep their value, not their
    /// C++ type.
    ///@{
    Value() noexcept = default;
    Value(std::nullptr_t) noexcept {}
    Value(bool value) noexcept : held_(value) {}
    template <std::integral T>
    requires(!std::same_as<T, bool> && sizeof(T) <= sizeof(std::uint64_t)) Value(T value)
        : held_(make_integer(value < T{0}, static_cast<std::uint64_t>(value))) {}
    template <std::floating_point T>
    Value(T value) noexcept : held_(static_cast<double>(value)) {}
    Value(std::complex<double> value) noexcept : held_(value) {}
    Value(const char* text) : held_(String{text}) {}
    Value(std::string_view text) : held_(String{std::string(text)}) {}
    Value(std::string text) noexcept : held_(String{std::move(text)}) {}
    Value(String text) noexcept : held_(std::move(text)) {}
    Value(Integer value) noexcept : held_(std::move(value)) {}
    Value(Bytes value) noexcept : held_(std::move(value)) {}
    Value(List value) noexcept : held_(std::move(value)) {}
    Value(Tuple value) noexcept : held_(std::move(value)) {}
    Value(Set value) noexcept : held_(std::move(value)) {}
    Value(Dict value) noexcept : held_(std::move(value)) {}
    Value(TensorView value) noexcept : held_(std::move(value)) {}
    Value(const Value&);
    Value(Value&&) noexcept;
    Value& operator=(const Value&);
    Value& operator=(Value&&) noexcept;
    ///@}
    ~Value();

    /// What it holds.
    ///@{
    [[nodiscard]] Kind kind() const noexcept;
    [[nodiscard]] bool is_null() const noexcept { return kind() == Kind::null; }
    ///@}

    /// Typed access. Errors: invalid_argument/wrong_type if the kind is another one, or the int does not fit.
    ///@{
    [[nodiscard]] Result<bool> as_bool() const;
    [[nodiscard]] Result<std::int64_t> as_int() const;
    [[nodiscard]] Result<std::uint64_t> as_uint() const;
    [[nodiscard]] Result<double> as_double() const;
    [[nodiscard]] Result<std::string_view> as_string() const;
    ///@}
    /// A float, or an int that a double holds exactly: learning rates and the like are written as either.
    [[nodiscard]] Result<double> as_number() const;

    /// The content if the value is of that type, else null: `value.get_if<milepost::Dict>()`. T is one of
    /// bool, Integer, double, std::complex<double>, String, Bytes, List, Tuple, Set, Dict, TensorView.
    ///@{
    template <class T>
    [[nodiscard]] const T* get_if() const noexcept {
        return std::get_if<T>(&held_);
    }
    template <class T>
    [[nodiscard]] T* get_if() noexcept {
        return std::get_if<T>(&held_);
    }
    ///@}

private:
    static Integer make_integer(bool negative, std::uint64_t bits);

    std::variant<std::monostate, bool, Integer, double, std::complex<double>, String, Bytes, List, Tuple, Set,
                 Dict, TensorView>
        held_;
};

}  // namespace milepost
