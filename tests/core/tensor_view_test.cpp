#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <type_traits>
#include <vector>

#include <milepost/tensor.hpp>

#include "core/gather.hpp"
#include "core/storage_provider.hpp"

using milepost::Condition;
using milepost::Dtype;
using milepost::DtypeInfo;
using milepost::Error;
using milepost::Result;
using milepost::Role;
using milepost::Shape;
using milepost::StorageView;
using milepost::Strides;
using milepost::TensorView;

namespace {

static_assert(std::is_copy_constructible_v<TensorView> && std::is_nothrow_move_constructible_v<TensorView>);

template <class T>
void check_view_refused(const T& result, Condition condition) {
    REQUIRE_FALSE(result);
    CHECK(result.error().condition() == condition);
}

DtypeInfo dtype(Dtype code) {
    return *milepost::find_dtype(code);
}

/// A storage of memory that counts how it is asked.
class CountingProvider final : public milepost::detail::StorageProvider {
public:
    explicit CountingProvider(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

    Result<std::span<const std::byte>> bytes(std::uint32_t storage, std::uint64_t begin,
                                             std::uint64_t end) const override {
        if (fails) return Error(Condition::chunk_checksum, "made to fail");
        last_storage = storage;
        ++bytes_calls;
        last_begin = begin;
        last_end = end;
        return std::span<const std::byte>(bytes_).subspan(begin, end - begin);
    }
    Result<void> read(std::uint32_t storage, std::uint64_t begin, std::span<std::byte> to) const override {
        if (fails) return Error(Condition::chunk_checksum, "made to fail");
        last_storage = storage;
        ++read_calls;
        last_begin = begin;
        last_end = begin + to.size();
        std::memcpy(to.data(), bytes_.data() + begin, to.size());
        return {};
    }
    Result<void> gather(std::uint32_t storage, const milepost::detail::StridedLayout& layout,
                        std::span<std::byte> to) const override {
        if (fails) return Error(Condition::chunk_checksum, "made to fail");
        last_storage = storage;
        ++gather_calls;
        last_begin = layout.offset;
        milepost::core::gather(bytes_.data() + layout.offset, layout.shape, layout.strides,
                               layout.element_nbytes, to.data());
        return {};
    }

    [[nodiscard]] bool is_mapped(std::uint32_t storage) const noexcept override {
        return storage == mapped_storage;
    }

    bool fails = false;
    std::uint32_t mapped_storage = UINT32_MAX;
    mutable int bytes_calls = 0;
    mutable int read_calls = 0;
    mutable int gather_calls = 0;
    mutable std::uint32_t last_storage = 0;
    mutable std::uint64_t last_begin = 0;
    mutable std::uint64_t last_end = 0;

private:
    std::vector<std::byte> bytes_;
};

std::vector<std::byte> counted(std::size_t nbytes) {
    std::vector<std::byte> bytes(nbytes);
    for (std::size_t i = 0; i < nbytes; ++i)
        bytes[i] = static_cast<std::byte>(i);
    return bytes;
}

std::vector<float> floats(std::size_t count) {
    std::vector<float> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0.0F);
    return numbers;
}

TensorView view_of(const std::vector<float>& numbers, Shape shape, Strides strides,
                   std::uint64_t offset = 0) {
    return TensorView(dtype(Dtype::f32), std::move(shape), StorageView(std::as_bytes(std::span(numbers))),
                      offset, std::move(strides));
}

/// A storage of a provider that outlives the view.
StorageView storage_of(const CountingProvider& provider, std::uint32_t number, std::uint64_t nbytes) {
    return milepost::detail::ViewAccess::storage({std::shared_ptr<void>(), &provider}, number, nbytes);
}

}  // namespace

TEST_CASE("storage view: the provider tells which storages are mapped; memory of the caller is not") {
    CountingProvider provider(counted(16));
    provider.mapped_storage = 2;
    const StorageView mapped = storage_of(provider, 2, 16);
    CHECK(mapped.is_mapped());
    CHECK(mapped.part(4, 8)->is_mapped());
    CHECK(mapped.part(8, 4).error().condition() == Condition::layout);
    CHECK(mapped.part(0, 17).error().condition() == Condition::layout);
    CHECK(TensorView(dtype(Dtype::u8), {16}, mapped).is_mapped());
    CHECK_FALSE(storage_of(provider, 1, 16).is_mapped());
    const auto bytes = counted(16);
    CHECK_FALSE(StorageView(bytes).is_mapped());
    CHECK_FALSE(StorageView().is_mapped());
    CHECK_FALSE(TensorView().is_mapped());
}

TEST_CASE("storage view: ranges of memory") {
    const auto bytes = counted(10);
    const StorageView storage(bytes);
    CHECK(storage.bytes(0, 10)->size() == 10);
    CHECK(storage.bytes(3, 5)->data() == bytes.data() + 3);
    CHECK(storage.bytes(10, 10)->empty());
    CHECK(StorageView().bytes(0, 0)->empty());
    check_view_refused(storage.bytes(0, 11), Condition::layout);
    check_view_refused(storage.bytes(5, 4), Condition::layout);
    std::vector<std::byte> to(4);
    CHECK(storage.read(6, to));
    CHECK(to[3] == std::byte{9});
    check_view_refused(storage.read(7, to), Condition::layout);
    check_view_refused(storage.read(UINT64_MAX, to), Condition::layout);
    CHECK(StorageView().read(0, {}));
}

TEST_CASE("storage view: equal exactly if of one storage") {
    const auto bytes = counted(10);
    const CountingProvider one(counted(4));
    const CountingProvider other(counted(4));
    CHECK(StorageView(bytes) == StorageView(bytes));
    CHECK(StorageView(bytes) != StorageView(std::span(bytes).first(9)));
    CHECK(storage_of(one, 0, 4) == storage_of(one, 0, 4));
    CHECK(storage_of(one, 0, 4) != storage_of(one, 1, 4));
    CHECK(storage_of(one, 0, 4) != storage_of(other, 0, 4));
}

TEST_CASE("storage view: memory lives as long as a view that has a share of its owner") {
    auto owner = std::make_shared<std::vector<std::byte>>(counted(10));
    const std::weak_ptr<std::vector<std::byte>> alive = owner;
    const StorageView borrowed(*owner);
    {
        StorageView storage(*owner, owner);
        CHECK(storage == borrowed);
        CHECK((storage <=> borrowed) == 0);
        owner.reset();
        CHECK_FALSE(storage.is_mapped());
        CHECK_FALSE(storage.index());
        const StorageView part = *storage.part(3, 5);
        storage = StorageView();
        const TensorView tensor(dtype(Dtype::u8), {2}, part);
        const TensorView copy = tensor.with_role(Role::parameter);
        CHECK((*copy.bytes())[0] == std::byte{3});
        CHECK_FALSE(alive.expired());
    }
    CHECK(alive.expired());
}

TEST_CASE("view: of the caller's elements") {
    auto numbers = floats(6);
    const auto view = TensorView::of(std::span(numbers), {2, 3});
    CHECK(view.dtype() == dtype(Dtype::f32));
    CHECK(view.rank() == 2);
    CHECK(view.element_count() == 6);
    CHECK(view.nbytes() == 24);
    CHECK(view.offset() == 0);
    CHECK(view.storage().nbytes() == 24);
    CHECK_FALSE(view.storage().index().has_value());
    CHECK(view.name().empty());
    CHECK_FALSE(view.index().has_value());
    const auto elements = view.as<float>();
    REQUIRE(elements);
    CHECK(elements->data() == numbers.data());
    CHECK(elements->size() == 6);
}

TEST_CASE("view: default is an empty f32 tensor") {
    const TensorView view;
    CHECK(view.shape() == Shape{0});
    CHECK(view.dtype().name == "f32");
    CHECK(view.nbytes() == 0);
    CHECK(view.check_layout());
    CHECK(view.as<float>()->empty());
}

TEST_CASE("view: strides of a contiguous tensor are dropped") {
    const auto numbers = floats(6);
    CHECK(view_of(numbers, {2, 3}, {3, 1}).is_contiguous());
    CHECK(view_of(numbers, {2, 3}, {3, 1}).strides().empty());
    CHECK(view_of(numbers, {1, 6}, {99, 1}).is_contiguous());
    CHECK(view_of(numbers, {0, 6}, {1, 1}).is_contiguous());
    CHECK(view_of(numbers, {3, 2}, {1, 3}).strides() == Strides{1, 3});
    CHECK_FALSE(view_of(numbers, {2, 3}, {1}).is_contiguous());
    CHECK_FALSE(view_of(numbers, {}, {1}).is_contiguous());
}

TEST_CASE("view: counts saturate") {
    const auto huge = [](Dtype code, Shape shape) {
        return TensorView(dtype(code), std::move(shape), StorageView());
    };
    const std::uint64_t two_to_61 = std::uint64_t{1} << 61U;
    CHECK(huge(Dtype::u8, {UINT64_MAX, 2}).element_count() == UINT64_MAX);
    CHECK(huge(Dtype::u8, {UINT64_MAX, 2}).nbytes() == UINT64_MAX);
    CHECK(huge(Dtype::u8, {UINT64_MAX, 2, 0}).element_count() == 0);
    CHECK(huge(Dtype::u8, {UINT64_MAX, 2, 0}).nbytes() == 0);
    CHECK(huge(Dtype::u8, {UINT64_MAX - 1}).nbytes() == UINT64_MAX - 1);
    CHECK(huge(Dtype::f64, {two_to_61 - 1}).nbytes() == (two_to_61 - 1) * 8);
    CHECK(huge(Dtype::f64, {two_to_61}).nbytes() == UINT64_MAX);
    CHECK(huge(Dtype::f64, {two_to_61 + 1}).nbytes() == UINT64_MAX);
    CHECK(huge(Dtype::f4_e2m1fn, {two_to_61}).nbytes() == two_to_61 / 2);
}

TEST_CASE("view: bytes of dtypes below 8 bits are rounded up") {
    const auto nbytes = [](Dtype code, std::uint64_t count) {
        return TensorView(dtype(code), {count}, StorageView()).nbytes();
    };
    CHECK(nbytes(Dtype::f6_e2m3fn, 3) == 3);
    CHECK(nbytes(Dtype::f6_e2m3fn, 4) == 3);
    CHECK(nbytes(Dtype::f6_e2m3fn, 5) == 4);
    CHECK(nbytes(Dtype::f6_e2m3fn, 12) == 9);
    CHECK(nbytes(Dtype::f4_e2m1fn, 1) == 1);
    CHECK(nbytes(Dtype::f4_e2m1fn, 2) == 1);
}

TEST_CASE("view: wrong and unknown types") {
    const auto numbers = floats(2);
    const auto view = TensorView::of(std::span(numbers), {2});
    check_view_refused(view.as<double>(), Condition::wrong_type);
    check_view_refused(view.as<std::int32_t>(), Condition::wrong_type);
    const TensorView unknown(DtypeInfo{static_cast<Dtype>(27), 32, "c32"}, {2}, view.storage());
    check_view_refused(unknown.as<float>(), Condition::dtype);
    CHECK(unknown.bytes()->size() == 8);
    CHECK(unknown.load().value().dtype().name == "c32");
}

TEST_CASE("view: memory that is not aligned for the elements") {
    const std::vector<double> memory(4);
    const auto bytes = std::as_bytes(std::span(memory));
    const auto at = [&](Dtype code, std::size_t skipped) {
        return TensorView(dtype(code), {1}, StorageView(bytes.subspan(skipped)));
    };
    CHECK(at(Dtype::f64, 8).as<double>());
    check_view_refused(at(Dtype::f64, 4).as<double>(), Condition::layout);
    check_view_refused(at(Dtype::u16, 1).as<std::uint16_t>(), Condition::layout);
    CHECK(at(Dtype::u8, 1).as<std::uint8_t>());
    CHECK(at(Dtype::c128, 8).as<std::complex<double>>());
    CHECK(at(Dtype::c64, 4).as<std::complex<float>>());
    check_view_refused(at(Dtype::c64, 2).as<std::complex<float>>(), Condition::layout);
    CHECK(at(Dtype::f64, 4).bytes());
}

TEST_CASE("view: bytes") {
    const auto numbers = floats(10);
    const auto view = view_of(numbers, {2, 3}, {}, 8);
    const auto bytes = view.bytes();
    REQUIRE(bytes);
    CHECK(bytes->size() == 24);
    CHECK((*view.as<float>())[0] == 2.0F);
    check_view_refused(view_of(numbers, {3, 2}, {1, 3}).bytes(), Condition::layout);
    check_view_refused(view_of(numbers, {3, 2}, {1, 3}).as<float>(), Condition::layout);
}

TEST_CASE("view: layout within the storage") {
    const auto numbers = floats(10);
    CHECK(view_of(numbers, {10}, {}).check_layout());
    check_view_refused(view_of(numbers, {11}, {}).check_layout(), Condition::layout);
    CHECK(view_of(numbers, {9}, {}, 4).check_layout());
    check_view_refused(view_of(numbers, {10}, {}, 4).check_layout(), Condition::layout);
    check_view_refused(view_of(numbers, {2}, {}, 2).check_layout(), Condition::layout);
    check_view_refused(view_of(numbers, {2}, {}, UINT64_MAX - 3).check_layout(), Condition::layout);
    CHECK(view_of(numbers, {0}, {}, 40).check_layout());
    check_view_refused(view_of(numbers, {0}, {}, 44).check_layout(), Condition::layout);
    SUBCASE("strided") {
        CHECK(view_of(numbers, {2, 4}, {6, 1}).check_layout());
        check_view_refused(view_of(numbers, {2, 4}, {7, 1}).check_layout(), Condition::layout);
        check_view_refused(view_of(numbers, {2, 4}, {6, 1}, 4).check_layout(), Condition::layout);
        check_view_refused(view_of(numbers, {2, 4}, {6}).check_layout(), Condition::layout);
        check_view_refused(view_of(numbers, {2}, {std::uint64_t{1} << 62U}).check_layout(),
                           Condition::layout);
    }
    SUBCASE("a dtype that is not that of its code") {
        const StorageView storage(std::as_bytes(std::span(numbers)));
        check_view_refused(TensorView(DtypeInfo{Dtype::f32, 16, "f32"}, {2}, storage).check_layout(),
                           Condition::layout);
        check_view_refused(TensorView(DtypeInfo{Dtype::f32, 32, "f16"}, {2}, storage).check_layout(),
                           Condition::layout);
        check_view_refused(TensorView(DtypeInfo{static_cast<Dtype>(99), 0, "x"}, {2}, storage).check_layout(),
                           Condition::layout);
    }
    SUBCASE("the message names the tensor, what it has and what there is") {
        auto view = view_of(numbers, {2, 4}, {7, 1}, 4);
        milepost::detail::ViewAccess::set_origin(view, "fc\n", 3);
        CHECK(view.check_layout().error().message() ==
              "tensor fc\\u{a}, f32 [2, 4] strides [7, 1] at byte 4 of a storage of 40 bytes: "
              "the tensor does not fit in the storage at its offset");
    }
}

TEST_CASE("view: nothing is read if the layout is wrong") {
    const auto numbers = floats(10);
    const auto view = view_of(numbers, {11}, {});
    std::vector<std::byte> to(44);
    check_view_refused(view.bytes(), Condition::layout);
    check_view_refused(view.as<float>(), Condition::layout);
    check_view_refused(view.copy_to(to), Condition::layout);
    check_view_refused(view.load(), Condition::layout);
}

TEST_CASE("view: copies into a target of just its size") {
    const auto numbers = floats(10);
    std::vector<float> to(6);
    const auto target = std::as_writable_bytes(std::span(to));
    CHECK(view_of(numbers, {2, 3}, {}, 4).copy_to(target));
    CHECK(to == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(view_of(numbers, {3, 2}, {1, 3}).copy_to(target));
    CHECK(to == std::vector<float>{0, 3, 1, 4, 2, 5});
    CHECK(view_of(numbers, {2, 3}, {0, 2}, 8).copy_to(target));
    CHECK(to == std::vector<float>{2, 4, 6, 2, 4, 6});
    check_view_refused(view_of(numbers, {5}, {}).copy_to(target), Condition::layout);
    check_view_refused(view_of(numbers, {7}, {}).copy_to(target), Condition::layout);
    check_view_refused(view_of(numbers, {5}, {2}).copy_to(target), Condition::layout);
    check_view_refused(view_of(numbers, {0}, {}).copy_to(target), Condition::layout);
    CHECK(view_of(numbers, {0}, {}).copy_to({}));
}

TEST_CASE("view: every dtype is copied, contiguous and strided") {
    const auto bytes = counted(256);
    for (int code = 1; code <= 26; ++code) {
        const auto info = dtype(static_cast<Dtype>(code));
        CAPTURE(info.name);
        const std::size_t element = info.bits / 8U;
        const TensorView whole(info, {2, 4}, StorageView(bytes), element);
        const auto copy = whole.load();
        REQUIRE(copy);
        CHECK(copy->dtype() == info);
        CHECK(std::memcmp(copy->bytes().data(), bytes.data() + element, info.bits) == 0);
        const TensorView turned(info, {4, 2}, StorageView(bytes), 0, {1, 4});
        const auto turned_copy = turned.load();
        if (info.bits < 8) {
            check_view_refused(turned_copy, Condition::layout);
            continue;
        }
        REQUIRE(turned_copy);
        CHECK(turned_copy->shape() == Shape{4, 2});
        for (std::size_t i = 0; i < 8; ++i) {
            const std::size_t from = i / 2 + i % 2 * 4;
            CHECK(std::memcmp(turned_copy->bytes().data() + i * element, bytes.data() + from * element,
                              element) == 0);
        }
    }
}

TEST_CASE("view: of a provider, contiguous ones are read and keep nothing") {
    const CountingProvider provider(counted(64));
    const TensorView view(dtype(Dtype::u16), {2, 3}, storage_of(provider, 5, 64), 4);
    std::vector<std::byte> to(12);
    CHECK(view.copy_to(to));
    CHECK(provider.read_calls == 1);
    CHECK(provider.bytes_calls == 0);
    CHECK(provider.last_storage == 5);
    CHECK(provider.last_begin == 4);
    CHECK(to[0] == std::byte{4});
    CHECK(view.bytes()->front() == std::byte{4});
    CHECK(provider.bytes_calls == 1);
    CHECK(provider.last_end == 16);
}

TEST_CASE("view: of a provider, strided ones are gathered and keep nothing") {
    const CountingProvider provider(counted(64));
    const TensorView view(dtype(Dtype::u16), {3, 2}, storage_of(provider, 0, 64), 4, {1, 5});
    CHECK(view.load());
    CHECK(provider.gather_calls == 1);
    CHECK(provider.read_calls + provider.bytes_calls == 0);
    CHECK(provider.last_begin == 4);
}

TEST_CASE("view: of a provider, none is asked for no elements") {
    const CountingProvider provider(counted(64));
    const TensorView view(dtype(Dtype::u16), {3, 0}, storage_of(provider, 0, 64), 64);
    CHECK(view.bytes()->empty());
    CHECK(view.as<std::uint16_t>()->empty());
    CHECK(view.load());
    CHECK(provider.read_calls + provider.bytes_calls == 0);
}

TEST_CASE("view: errors of a provider are passed on") {
    CountingProvider provider(counted(64));
    provider.fails = true;
    const TensorView whole(dtype(Dtype::u16), {3}, storage_of(provider, 0, 64));
    const TensorView strided(dtype(Dtype::u16), {3}, storage_of(provider, 0, 64), 0, {2});
    check_view_refused(whole.bytes(), Condition::chunk_checksum);
    check_view_refused(whole.as<std::uint16_t>(), Condition::chunk_checksum);
    check_view_refused(whole.load(), Condition::chunk_checksum);
    check_view_refused(strided.load(), Condition::chunk_checksum);
}

TEST_CASE("view: load within the caller's limit") {
    const auto numbers = floats(6);
    const auto view = view_of(numbers, {6}, {});
    check_view_refused(view.load(23), Condition::total_bytes);
    CHECK(view.load(24));
    CHECK(view.load(25));
    SUBCASE("a stride of 0 counts in full, before any memory is taken") {
        const auto large = view_of(numbers, {std::uint64_t{1} << 50U}, {0});
        CHECK(large.check_layout());
        check_view_refused(large.load((std::uint64_t{1} << 52U) - 1), Condition::total_bytes);
        check_view_refused(view_of(numbers, {std::uint64_t{1} << 57U}, {0}).load(), Condition::out_of_memory);
    }
}

TEST_CASE("view: role and origin") {
    const auto numbers = floats(6);
    const auto view = view_of(numbers, {6}, {});
    CHECK(view.role() == milepost::Role::plain);
    CHECK_FALSE(view.requires_grad());
    auto parameter = view.with_role(milepost::Role::parameter, true);
    CHECK(parameter.role() == milepost::Role::parameter);
    CHECK(parameter.requires_grad());
    CHECK(parameter.storage() == view.storage());
    CHECK_FALSE(parameter.with_role(milepost::Role::buffer).requires_grad());
    milepost::detail::ViewAccess::set_origin(parameter, "conv1.weight", 0);
    CHECK(parameter.name() == "conv1.weight");
    CHECK(parameter.index() == 0U);
}
