#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"

// What a Writer can know at a call it refuses at that call, before it writes.
namespace {

using namespace milepost;
using namespace milepost::testing;

TensorView with_dtype(DtypeInfo dtype) {
    return TensorView(dtype, {1}, StorageView(std::as_bytes(six_floats())));
}

constexpr DtypeInfo unknown(unsigned code, std::uint16_t bits, std::string_view name) {
    return {static_cast<Dtype>(code), bits, name};
}

struct DtypeCase {
    DtypeInfo dtype;
    Condition expected;
};

const DtypeCase kWrongDtypes[] = {
    {{Dtype::f32, 8, "f32"}, Condition::layout},
    {{Dtype::f32, 32, "i32"}, Condition::layout},
    {{Dtype::f4_e2m1fn, 8, "f4_e2m1fn"}, Condition::layout},
    {unknown(100, 12, "x"), Condition::layout},
    {unknown(100, 0, "x"), Condition::layout},
    {unknown(100, 32, ""), Condition::save_name},
    {unknown(100, 32, "\xFF"), Condition::save_name},
    {unknown(100, 32, "a\nb"), Condition::save_name},
    {unknown(27, 64, "c32"), Condition::layout},
    {unknown(27, 32, "mine"), Condition::layout},
    {unknown(28, 8, "i1"), Condition::layout},
    {unknown(35, 8, "u8"), Condition::layout},
    {unknown(41, 7, "u6"), Condition::layout},
    {unknown(140, 1152, "q4_K"), Condition::layout},
    {unknown(140, 1152, "ggml."), Condition::layout},
    {unknown(128, 4, "ggml.nibble"), Condition::layout},
    {unknown(100, 65532, "x"), Condition::layout},
};

}  // namespace

TEST_CASE("refusals: a dtype that contradicts the table, or that no file can hold") {
    for (const DtypeCase& row : kWrongDtypes) {
        INFO(static_cast<unsigned>(row.dtype.code)
             << " '" << std::string(row.dtype.name) << "' of " << row.dtype.bits);
        MemorySink a, b, c;
        const auto begun = Writer::create(a)->begin_tensor(row.dtype, {8});
        REQUIRE_FALSE(begun);
        CHECK(begun.error().condition() == row.expected);
        const auto added = Writer::create(b)->add(with_dtype(row.dtype));
        REQUIRE_FALSE(added);
        CHECK(added.error().condition() == row.expected);
        const auto saved = save(c, one_value(with_dtype(row.dtype)));
        REQUIRE_FALSE(saved);
        CHECK(saved.error().condition() == row.expected);
        CHECK(a.writes() + b.writes() + c.writes() == 0);
    }
}

TEST_CASE("refusals: codes that are set aside are saved with the meaning that they are set aside for") {
    for (const DtypeInfo& dtype : {unknown(27, 32, "c32"), unknown(28, 1, "i1"), unknown(34, 7, "i7"),
                                   unknown(35, 1, "u1"), unknown(41, 7, "u7"), unknown(42, 32, "new"),
                                   unknown(127, 65528, "new"), unknown(128, 1024, "ggml.f32"),
                                   unknown(142, 1680, "ggml.q6_K"), unknown(255, 65528, "ggml.last")}) {
        const std::vector<std::byte> bytes = make_bytes(65528, 1);
        const TensorView tensor(dtype, {8}, StorageView(std::span(bytes).first(dtype.bits)));
        const auto file = open_bytes(*save_bytes(one_value(tensor)));
        REQUIRE(file);
        CHECK(file->tensors()[0].dtype() == dtype);
    }
}

TEST_CASE("refusals: two meanings of one code") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    REQUIRE(writer->add(with_dtype(unknown(100, 32, "x"))));
    REQUIRE(writer->add(with_dtype(unknown(100, 32, std::string("x")))));
    const auto other = writer->begin_tensor(unknown(100, 32, "y"), {1});
    REQUIRE_FALSE(other);
    CHECK(other.error().condition() == Condition::layout);
    CHECK(other.error().message() == "dtype 100 is 'y' of 32 bits, and was 'x' of 32 bits before");
}

TEST_CASE("refusals: rank, role, and more tensors than the limit") {
    MemorySink a, b, c;
    const TensorView tensor = TensorView::of(six_floats(), {6});
    CHECK(Writer::create(a)->add(TensorView::of(six_floats().first(1), Shape(65, 1))).error().condition() ==
          Condition::rank);
    CHECK(Writer::create(b)->add(tensor.with_role(static_cast<Role>(3))).error().condition() ==
          Condition::layout);
    auto writer = Writer::create(c, {.limits = {.max_records = 2}});
    REQUIRE(writer->add(tensor));
    REQUIRE(writer->add(tensor));
    CHECK(writer->begin_tensor(Dtype::u8, {1}).error().condition() == Condition::records);
}

TEST_CASE("refusals: a tensor that was forgotten is named before anything else is written") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    Checkpoint checkpoint;
    checkpoint.values()["a"] = *writer->add(TensorView::of(six_floats(), {6}));
    REQUIRE(writer->add(TensorView::of(six_floats(), {2, 3})));
    const std::vector<std::byte> large(std::size_t{9} << 20U);
    checkpoint.values()["large"] = TensorView(*find_dtype(Dtype::u8), {large.size()}, StorageView(large));
    const auto committed = writer->commit(checkpoint);
    REQUIRE_FALSE(committed);
    CHECK(committed.error().condition() == Condition::layout);
    CHECK(committed.error().message() ==
          "tensor 1 of those that the writer was given (f32 [2, 3]) is not in the checkpoint; storage 1 is "
          "viewed by no tensor");
    CHECK(sink.writes() == 0);
}

TEST_CASE("refusals: an index that is larger than the limit, before the bytes of tensors") {
    const std::vector<std::byte> large(std::size_t{64} << 20U);
    MemorySink sink;
    const auto saved =
        save(sink, one_value(TensorView(*find_dtype(Dtype::u8), {large.size()}, StorageView(large))),
             {.limits = {.max_index_bytes = 1000}});
    REQUIRE_FALSE(saved);
    CHECK(saved.error().condition() == Condition::index_bytes);
    CHECK(sink.writes() == 0);
}

TEST_CASE("refusals: every call of a writer that was moved from") {
    MemorySink sink;
    auto writer = Writer::create(sink);
    const TensorView tensor = TensorView::of(six_floats(), {6});
    Writer moved = *std::move(writer);
    CHECK(writer->add(tensor).error().condition() == Condition::option);
    CHECK(writer->begin_tensor(Dtype::f32, {1}).error().condition() == Condition::option);
    CHECK(writer->begin_tensor(*find_dtype(Dtype::f32), {1}).error().condition() == Condition::option);
    CHECK(writer->append({}).error().condition() == Condition::option);
    CHECK(writer->end_tensor().error().condition() == Condition::option);
    CHECK(writer->commit({}).error().message() == "the writer was moved from");
    CHECK(moved.commit({}));
}
