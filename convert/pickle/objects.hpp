#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>

#include <milepost/dtype.hpp>
#include "convert/pickle/torch_dtypes.hpp"

namespace milepost::convert::pickle {

/// The number of an object among the Objects of one pickle.
using Ref = std::uint32_t;

/// What an object is. Only the types that data has: the machine makes no others.
enum class Type : std::uint8_t {
    none,
    boolean,
    integer,       ///< fits into 64 bits
    long_integer,  ///< does not; its text is as Integer has it
    floating,
    complex,
    string,
    old_string,  ///< a str of Python 2: text or bytes
    bytes,
    bytearray,
    list,
    tuple,
    size,  ///< torch.Size
    set,
    dict,
    ordered_dict,
    counter,
    device,   ///< torch.device; its text is as torch prints it
    layout,   ///< torch.layout, likewise
    global,   ///< a row of the table of globals: a function, a class or a dtype
    storage,  ///< of torch
    tensor,   ///< of torch
    numpy_dtype,
    numpy_array,
    script_class,   ///< a class of a TorchScript archive; its text is the name
    script_object,  ///< an object of one: its attributes are those of a dict
};

/// The word that messages use.
[[nodiscard]] std::string_view type_name(Type type) noexcept;

/// A storage that a persistent id names; its bytes are elsewhere in the file.
struct StorageObject {
    const TorchDtype* dtype = nullptr;  ///< null: untyped, and `count` counts bytes
    std::string key;
    std::uint64_t count = 0;
    /// The part of the storage that is meant, in elements: only in files of PyTorch before 0.4.
    std::optional<std::pair<std::uint64_t, std::uint64_t>> part = std::nullopt;
};

/// A tensor: a view of a storage. Numbers are as in the pickle and not checked against the storage.
struct TensorObject {
    Ref storage = 0;                    ///< none until BUILD, in files of PyTorch before 0.2
    const TorchDtype* dtype = nullptr;  ///< null: that of the storage
    std::uint64_t offset = 0;           ///< in elements
    Shape shape = {};
    Strides strides = {};
    Role role = Role::plain;
    bool requires_grad = false;
    bool is_conjugate = false;  ///< the elements are the conjugates of what the storage has
    bool is_negative = false;   ///< the negatives
};

/// A dtype of NumPy.
struct NumpyDtype {
    Dtype dtype = Dtype::u8;
    bool is_big_endian = false;
};

/// An array of NumPy, whose elements are in the pickle. Without a dtype until BUILD.
struct ArrayObject {
    std::optional<NumpyDtype> dtype = std::nullopt;
    Shape shape = {};
    bool is_fortran = false;
    Ref content = 0;  ///< the elements
};

/// The objects of one pickle, in one place: they refer to each other by number, so nothing recurses, and a
/// cycle is no more than a number that comes again. The pickle itself is kept, because texts are views of it.
/// What they take is counted before it is allocated. Not for use by several threads. Functions that add throw
/// std::bad_alloc.
class Objects {
public:
    static constexpr Ref kNone = 0, kFalse = 1, kTrue = 2;

    Objects(std::string pickle, const Limits& limits);

    /// The bytes of the pickle.
    [[nodiscard]] std::string_view pickle() const noexcept { return pickle_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

    /// New objects. Errors: limit_exceeded/records, /decoded_bytes.
    ///@{
    [[nodiscard]] Result<Ref> add_integer(std::int64_t value);
    [[nodiscard]] Result<Ref> add_floating(double value);
    [[nodiscard]] Result<Ref> add_complex(double real, double imaginary);
    [[nodiscard]] Result<Ref> add_global(std::uint32_t row);
    [[nodiscard]] Result<Ref> add_numpy_dtype(NumpyDtype dtype);
    /// The bytes of the pickle from `begin` on.
    [[nodiscard]] Result<Ref> add_text(Type type, std::uint64_t begin, std::uint64_t nbytes);
    [[nodiscard]] Result<Ref> add_text(Type type, std::string text);
    /// Of a dict, keys and values by turns.
    [[nodiscard]] Result<Ref> add_container(Type type, std::vector<Ref> items);
    [[nodiscard]] Result<Ref> add_storage(StorageObject storage);
    [[nodiscard]] Result<Ref> add_tensor(TensorObject tensor);
    [[nodiscard]] Result<Ref> add_array();
    ///@}

    [[nodiscard]] Type type(Ref ref) const noexcept { return objects_[ref].type; }
    [[nodiscard]] std::size_t size() const noexcept { return objects_.size(); }

    /// Requires: the object is of the type that the function names.
    ///@{
    [[nodiscard]] std::int64_t integer(Ref ref) const noexcept {
        return std::bit_cast<std::int64_t>(objects_[ref].first);
    }
    [[nodiscard]] double floating(Ref ref) const noexcept {
        return std::bit_cast<double>(objects_[ref].first);
    }
    [[nodiscard]] double imaginary(Ref ref) const noexcept {
        return std::bit_cast<double>(objects_[ref].second);
    }
    [[nodiscard]] std::uint32_t global_row(Ref ref) const noexcept { return objects_[ref].extra; }
    [[nodiscard]] NumpyDtype numpy_dtype(Ref ref) const noexcept {
        return {static_cast<Dtype>(objects_[ref].extra), objects_[ref].first != 0};
    }
    void set_numpy_dtype(Ref ref, NumpyDtype dtype) noexcept {
        objects_[ref].extra = static_cast<std::uint32_t>(dtype.dtype);
        objects_[ref].first = dtype.is_big_endian ? 1 : 0;
    }
    [[nodiscard]] std::string_view text(Ref ref) const noexcept;
    [[nodiscard]] const std::vector<Ref>& items(Ref ref) const noexcept { return items_[index_of(ref)]; }
    [[nodiscard]] const StorageObject& storage(Ref ref) const noexcept { return storages_[index_of(ref)]; }
    [[nodiscard]] const TensorObject& tensor(Ref ref) const noexcept { return tensors_[index_of(ref)]; }
    [[nodiscard]] TensorObject& tensor(Ref ref) noexcept { return tensors_[index_of(ref)]; }
    [[nodiscard]] const ArrayObject& array(Ref ref) const noexcept { return arrays_[index_of(ref)]; }
    [[nodiscard]] ArrayObject& array(Ref ref) noexcept { return arrays_[index_of(ref)]; }
    ///@}

    /// Appends to a container. Errors: limit_exceeded/decoded_bytes.
    [[nodiscard]] Result<void> append(Ref ref, std::span<const Ref> items);
    /// The dict of attributes of an OrderedDict or Counter; kNone if it has none.
    ///@{
    [[nodiscard]] Ref attributes(Ref ref) const noexcept { return objects_[ref].extra; }
    void set_attributes(Ref ref, Ref dict) noexcept { objects_[ref].extra = dict; }
    ///@}

    /// Counts memory. Errors: limit_exceeded/decoded_bytes.
    [[nodiscard]] Result<void> charge(std::uint64_t nbytes);

private:
    struct Object {
        Type type = Type::none;
        std::uint32_t extra = 0;
        std::uint64_t first = 0;
        std::uint64_t second = 0;
    };

    [[nodiscard]] Result<Ref> add(Object object, std::uint64_t nbytes = 0);
    [[nodiscard]] std::size_t index_of(Ref ref) const noexcept {
        return static_cast<std::size_t>(objects_[ref].first);
    }

    std::string pickle_;
    Limits limits_;
    std::uint64_t charged_ = 0;
    std::vector<Object> objects_;
    std::deque<std::string> texts_;
    std::deque<std::vector<Ref>> items_;
    std::deque<StorageObject> storages_;
    std::deque<TensorObject> tensors_;
    std::deque<ArrayObject> arrays_;
};

}  // namespace milepost::convert::pickle
