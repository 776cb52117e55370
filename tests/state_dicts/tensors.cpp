#include "state_dicts/tensors.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>

#include "support/sizes.hpp"

namespace milepost::state_dicts {
namespace {

using testing::kMib;

/// Codes that no table lists, or only reserves, by their bits alone.
constexpr std::array<DtypeInfo, 10> kUnknownDtypes = {{{static_cast<Dtype>(0), 8, "zero"},
                                                       {static_cast<Dtype>(27), 32, "c32"},
                                                       {static_cast<Dtype>(28), 1, "i1"},
                                                       {static_cast<Dtype>(35), 1, "u1"},
                                                       {static_cast<Dtype>(40), 6, "u6"},
                                                       {static_cast<Dtype>(99), 7, "sieben"},
                                                       {static_cast<Dtype>(100), 24, "i24"},
                                                       {static_cast<Dtype>(101), 3, "u3"},
                                                       {static_cast<Dtype>(127), 128, "Ω \U0001F600"},
                                                       {static_cast<Dtype>(142), 1680, "ggml.q6_K"}}};

/// The part of a storage that whole elements of a dtype fill.
struct Room {
    DtypeInfo dtype;
    StorageView storage;
    std::uint64_t elements;  ///< for dtypes of whole bytes
};

std::uint64_t element_nbytes(const DtypeInfo& dtype) noexcept {
    return dtype.bits / 8U;
}

/// A shape of so many elements, of any rank that its divisors give, with some dims of 1.
Shape shape_of(Random& random, std::uint64_t count) {
    constexpr std::array<std::uint64_t, 6> kDivisors = {2, 3, 4, 5, 7, 16};
    Shape shape;
    std::uint64_t rest = count;
    for (std::uint64_t tries = random.below(5); tries > 0 && count != 0; --tries) {
        const std::uint64_t divisor = random.pick(kDivisors);
        if (rest % divisor != 0) continue;
        shape.push_back(divisor);
        rest /= divisor;
    }
    if (rest != 1 || random.one_in(2)) shape.push_back(rest);
    if (random.one_in(4)) shape.push_back(1);
    random.shuffle(shape);
    return shape;
}

Strides contiguous(const Shape& shape) {
    Strides strides(shape.size());
    std::uint64_t stride = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
        strides[i] = stride;
        stride *= shape[i];
    }
    return strides;
}

TensorView view(const Room& room, Shape shape, std::uint64_t first_element, Strides strides = {}) {
    return TensorView(room.dtype, std::move(shape), room.storage, first_element * element_nbytes(room.dtype),
                      std::move(strides));
}

/// Half of the time all elements, else any number of them.
std::uint64_t some(Random& random, std::uint64_t elements) {
    return random.one_in(2) ? elements : random.below(elements + 1);
}

TensorView whole(Random& random, const Room& room) {
    return view(room, shape_of(random, room.elements), 0);
}

TensorView part(Random& random, const Room& room) {
    const std::uint64_t first = random.below(room.elements + 1);
    return view(room, shape_of(random, random.below(room.elements - first + 1)), first);
}

TensorView rank_0(Random& random, const Room& room) {
    if (room.elements == 0) return whole(random, room);
    return view(room, {}, random.below(room.elements));
}

/// Without elements: anywhere, also at the very end; the other dims are free.
TensorView empty(Random& random, const Room& room) {
    Shape shape = {0};
    if (random.one_in(2)) shape.push_back(random.below(5));
    if (random.one_in(3)) shape.push_back(std::uint64_t{1} << random.below(48));
    random.shuffle(shape);
    const std::uint64_t first = random.one_in(3) ? room.elements : random.below(room.elements + 1);
    Strides strides = random.one_in(3) ? Strides(shape.size(), random.below(9)) : Strides{};
    return view(room, std::move(shape), first, std::move(strides));
}

/// All dims in another order; now and then in the right one.
TensorView transposed(Random& random, const Room& room) {
    const Shape shape = shape_of(random, some(random, room.elements));
    const Strides strides = contiguous(shape);
    std::vector<std::size_t> axes(shape.size());
    std::iota(axes.begin(), axes.end(), std::size_t{0});
    random.shuffle(axes);
    Shape turned;
    Strides turned_strides;
    for (const std::size_t axis : axes) {
        turned.push_back(shape[axis]);
        turned_strides.push_back(strides[axis]);
    }
    return view(room, std::move(turned), 0, std::move(turned_strides));
}

/// Every n-th of each dim, from some first element on.
TensorView sliced(Random& random, const Room& room) {
    Shape shape = shape_of(random, some(random, room.elements));
    Strides strides = contiguous(shape);
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        if (shape[i] == 0) continue;
        const std::uint64_t begin = random.below(std::min<std::uint64_t>(shape[i], 3));
        const std::uint64_t step = 1 + random.below(3);
        first += begin * strides[i];
        shape[i] = (shape[i] - begin + step - 1) / step;
        strides[i] *= step;
    }
    return view(room, std::move(shape), first, std::move(strides));
}

/// With dims of stride 0, which may be huge.
TensorView expanded(Random& random, const Room& room) {
    Shape shape = shape_of(random, std::min<std::uint64_t>(some(random, room.elements), 512));
    Strides strides = contiguous(shape);
    const auto at = static_cast<std::ptrdiff_t>(random.below(shape.size() + 1));
    const std::uint64_t size = random.one_in(3) ? std::uint64_t{1} << random.below(41) : 2 + random.below(4);
    shape.insert(shape.begin() + at, size);
    strides.insert(strides.begin() + at, 0);
    return view(room, std::move(shape), 0, std::move(strides));
}

/// Windows over the elements, one element apart.
TensorView overlapping(Random& random, const Room& room) {
    const std::uint64_t count = std::min<std::uint64_t>(room.elements, 100);
    if (count < 3) return whole(random, room);
    const std::uint64_t window = 2 + random.below(count - 2);
    return view(room, {count - window + 1, window}, 0, {1, 1});
}

/// Whatever strides fit: neighbours may share elements, or be far apart.
TensorView arbitrary(Random& random, const Room& room) {
    Shape shape;
    Strides strides;
    std::uint64_t last = 0;
    for (std::uint64_t rank = 1 + random.below(5); rank > 0; --rank) {
        shape.push_back(1 + random.below(4));
        strides.push_back(random.below(12));
        last += (shape.back() - 1) * strides.back();
    }
    if (last >= room.elements) return whole(random, room);
    const std::uint64_t first = random.below(room.elements - last);
    return view(room, std::move(shape), first, std::move(strides));
}

/// Up to 64 dims, nearly all of them 1; where strides are stored, those of a 1 are free.
TensorView many_dims(Random& random, const Room& room) {
    if (room.elements < 4) return whole(random, room);
    const std::uint64_t rank = random.one_in(2) ? 64 : 6 + random.below(58);
    Shape shape(static_cast<std::size_t>(rank), 1);
    shape[static_cast<std::size_t>(random.below(rank - 1))] = 2;
    shape.back() = 2;
    if (random.one_in(2)) return view(room, std::move(shape), random.below(room.elements - 3));
    Strides strides(shape.size());
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const std::uint64_t any = random.next();
        strides[i] = shape[i] == 1 ? any >> (1 + random.below(63)) : 1;
    }
    return view(room, std::move(shape), 0, std::move(strides));
}

/// Elements of less than a byte have no strides and fill whole bytes, from any byte on.
TensorView narrow(Random& random, const Room& room) {
    const std::uint64_t first = random.one_in(2) ? 0 : random.below(room.storage.nbytes() + 1);
    const std::uint64_t nbytes = room.storage.nbytes() - first;
    const std::uint64_t least = 8 / std::gcd(std::uint64_t{room.dtype.bits}, std::uint64_t{8});
    const std::uint64_t most = nbytes * 8 / room.dtype.bits / least;
    const std::uint64_t count = some(random, most) * least;
    return TensorView(room.dtype, shape_of(random, count), room.storage, first);
}

using Form = TensorView (*)(Random&, const Room&);
constexpr std::array<Form, 12> kForms = {whole,      whole,  whole,    part,        rank_0,    empty,
                                         transposed, sliced, expanded, overlapping, arbitrary, many_dims};

DtypeInfo random_dtype(Random& random) {
    if (random.one_in(3)) return *find_dtype(Dtype::f32);
    if (random.one_in(12)) return random.pick(kUnknownDtypes);
    return *find_dtype(static_cast<Dtype>(1 + random.below(26)));
}

/// Mostly small, now and then without bytes.
std::size_t random_nbytes(Random& random) {
    if (random.one_in(12)) return 0;
    if (random.one_in(3)) return static_cast<std::size_t>(1 + random.below(64));
    if (random.one_in(5)) return static_cast<std::size_t>(16 * random.below(512));
    return static_cast<std::size_t>(8 * random.below(100));
}

/// Some of it compresses, some of it does not.
void fill(Random& random, std::span<std::byte> bytes) {
    const std::uint64_t kind = random.below(4);
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        std::uint64_t word = 0;
        if (kind == 1) word = at >> 6U;
        if (kind == 2) word = 0x3F80'0000'3F80'0000U | (random.next() & 0x007F'FFFF'807F'FFFFU);
        if (kind == 3) word = random.next();
        for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i, word >>= 8U)
            bytes[i] = static_cast<std::byte>(word);
    }
}

}  // namespace

TensorMaker::TensorMaker(Random& random, Memory& memory) : random_(random) {
    constexpr std::array<std::size_t, 6> kLarge = {kMib - 1,         kMib,         kMib + 1, 2 * kMib,
                                                   2 * kMib + 12345, 3 * kMib + 64};
    for (std::uint64_t count = 1 + random.below(5); count > 0; --count)
        add_storage(memory, random_nbytes(random));
    if (random.one_in(60)) add_storage(memory, random.pick(kLarge));
}

void TensorMaker::add_storage(Memory& memory, std::size_t nbytes) {
    auto& bytes = memory.emplace_back(nbytes + 1);  // never without memory: two empty storages stay two
    fill(random_, bytes);
    const std::span<const std::byte> all(bytes.data(), nbytes);
    storages_.emplace_back(all);
    // A storage of its own within the memory of another one.
    if (random_.one_in(16)) storages_.emplace_back(all.subspan(nbytes / 3));
}

TensorView TensorMaker::tensor() {
    if (!made_.empty() && random_.one_in(8))
        return made_[static_cast<std::size_t>(random_.below(made_.size()))];
    const DtypeInfo dtype = random_dtype(random_);
    const StorageView& storage = storages_[static_cast<std::size_t>(random_.below(storages_.size()))];
    if (dtype.bits < 8) return made_.emplace_back(narrow(random_, {dtype, storage, 0}));
    const Room room{dtype, storage, storage.nbytes() / element_nbytes(dtype)};
    return made_.emplace_back(random_.pick(kForms)(random_, room));
}

TensorView TensorMaker::entry() {
    const TensorView made = tensor();
    const auto role = static_cast<Role>(random_.below(3));
    return made.with_role(role, role == Role::parameter ? !random_.one_in(4) : random_.one_in(16));
}

}  // namespace milepost::state_dicts
