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
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>

namespace milepost {

class Value;
class WrittenTensor;

/// @cond
namespace detail {

template <>
struct PartOf<Value> {
    MILEPOST_API static bool test(const void* object, const Value& element) noexcept;
};
template <>
struct PartOf<std::pair<Value, Value>> {
    MILEPOST_API static bool test(const void* object, const std::pair<Value, Value>& element) noexcept;
};

/// The C++ types that become an int: no characters, which are numbers in C++ alone.
template <class T>
concept IntegerType = std::integral<T> && sizeof(T) <= sizeof(std::uint64_t) && !std::same_as<T, bool> &&
                      !std::same_as<T, char> && !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                      !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

}  // namespace detail
/// @endcond

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
    StableVector<Value> items;  ///< in order
};

/// Values of any kinds in order; a torch.Size has ints.
struct Tuple {
    StableVector<Value> items;                   ///< in order
    TupleSubtype subtype = TupleSubtype::tuple;  ///< tuple or torch.Size
};

/// Elements in any order; saved in the canonical one.
struct Set {
    StableVector<Value> items;  ///< each once
};

/// Keys in order. Keys are null, bool, int, float, string, bytes or tuples of these; two keys that Python
/// holds equal (1, 1.0, true) are refused when saved.
struct Dict {
    StableVector<std::pair<Value, Value>> items;       ///< key and value, in order
    StableVector<std::pair<Value, Value>> attributes;  ///< of the Python object itself, if it has any
    DictSubtype subtype = DictSubtype::dict;           ///< dict, OrderedDict or Counter

    /// The value under a string key, or null where there is none; valid as long as that item. Takes time in
    /// proportion to the number of items.
    ///@{
    [[nodiscard]] MILEPOST_API const Value* find(std::string_view key) const noexcept;
    [[nodiscard]] MILEPOST_API Value* find(std::string_view key) noexcept;
    ///@}
    /// The value under a string key; a null one is added at the end where there is none.
    MILEPOST_API Value& operator[](std::string_view key);
};

/// @cond
namespace detail {

/// The kind of value that holds a T: of the types up to complex in the value, of the others in an allocation.
template <class T>
struct KindOf;
// clang-format off
template <> struct KindOf<bool> { static constexpr Kind value = Kind::boolean; };
template <> struct KindOf<Integer> { static constexpr Kind value = Kind::integer; };
template <> struct KindOf<double> { static constexpr Kind value = Kind::floating; };
template <> struct KindOf<std::complex<double>> { static constexpr Kind value = Kind::complex; };
template <> struct KindOf<String> { static constexpr Kind value = Kind::string; };
template <> struct KindOf<Bytes> { static constexpr Kind value = Kind::bytes; };
template <> struct KindOf<List> { static constexpr Kind value = Kind::list; };
template <> struct KindOf<Tuple> { static constexpr Kind value = Kind::tuple; };
template <> struct KindOf<Set> { static constexpr Kind value = Kind::set; };
template <> struct KindOf<Dict> { static constexpr Kind value = Kind::dict; };
template <> struct KindOf<TensorView> { static constexpr Kind value = Kind::tensor; };
// clang-format on

}  // namespace detail
/// @endcond

/// A typed datum of a checkpoint: everything that torch.load(weights_only=True) takes, bit for bit.
///
///     checkpoint.values()["epoch"] = 3;                       // an int; 3.0 would be a float
///     auto epoch = file->value("epoch");
///     if (epoch) resume_at(epoch->as_int().value_or(0));
///
/// A plain value that owns its content, but for tensors of the caller, which borrow as TensorView does.
/// Assigning a part of a value to the value itself is safe. A value must not be moved into a part of itself:
/// it would own itself; a copy can be assigned there. Copying and destroying do not recurse, however deep the
/// value is. 32 bytes, and an allocation for texts, containers and tensors.
class MILEPOST_API Value {
public:
    /// Null, or a value of the kind that the type of the argument has; nothing else converts. Integers keep
    /// their value, not their C++ type; a text is UTF-8, and null where the pointer is null.
    ///@{
    Value() noexcept = default;
    Value(std::nullptr_t) noexcept {}
    template <std::same_as<bool> T>
    Value(T value) noexcept : held_(value) {}
    template <detail::IntegerType T>
    Value(T value) : held_(make_integer(value < T{0}, static_cast<std::uint64_t>(value))) {}
    template <class T>
    requires(std::same_as<T, float> || std::same_as<T, double>) Value(T value)
    noexcept : held_(static_cast<double>(value)) {}
    template <class T>
    requires(std::same_as<T, float> || std::same_as<T, double>) Value(std::complex<T> value)
    noexcept : held_(std::complex<double>(value)) {}
    Value(const char* text);
    Value(std::string_view text);
    Value(std::string text);
    Value(const char8_t* text);
    Value(std::u8string_view text);
    Value(String text);
    Value(Integer value) noexcept : held_(std::move(value)) {}
    Value(Bytes value);
    Value(List value);
    Value(Tuple value);
    Value(Set value);
    Value(Dict value);
    Value(TensorView value);
    Value(WrittenTensor value);
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

    /// Typed access; the result does not refer to the value. Errors: invalid_argument/wrong_type if the kind
    /// is another one, or the int does not fit; io_error/out_of_memory.
    ///@{
    [[nodiscard]] Result<bool> as_bool() const;
    [[nodiscard]] Result<std::int64_t> as_int() const;
    [[nodiscard]] Result<std::uint64_t> as_uint() const;
    [[nodiscard]] Result<double> as_double() const;
    [[nodiscard]] Result<std::string> as_string() const;
    ///@}
    /// A float, or an int that a double holds exactly: learning rates and the like are written as either.
    [[nodiscard]] Result<double> as_number() const;

    /// The content if the value is of that type, else null: `value.get_if<milepost::Dict>()`. T is one of
    /// bool, Integer, double, std::complex<double>, String, Bytes, List, Tuple, Set, Dict, TensorView. Valid
    /// until the value is assigned to or destroyed.
    ///@{
    template <class T>
    [[nodiscard]] const T* get_if() const& noexcept {
        if constexpr (detail::KindOf<T>::value <= Kind::complex)
            return std::get_if<T>(&held_);
        else
            return static_cast<const T*>(content(detail::KindOf<T>::value));
    }
    template <class T>
    [[nodiscard]] T* get_if() & noexcept {
        return const_cast<T*>(std::as_const(*this).get_if<T>());
    }
    template <class T>
    const T* get_if() const&& = delete;  // would point into a temporary
    ///@}

private:
    friend struct detail::PartOf<Value>;
    struct Node;
    using Scalar = std::variant<std::monostate, bool, Integer, double, std::complex<double>, Node*>;

    static Integer make_integer(bool negative, std::uint64_t bits);
    [[nodiscard]] const void* content(Kind kind) const noexcept;

    Scalar held_;
};

}  // namespace milepost
