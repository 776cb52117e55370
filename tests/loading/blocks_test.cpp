#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/memory.hpp"
#include "support/scratch.hpp"

// Elements of hundreds and thousands of bytes, which no version knows: blocks of quantized numbers.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr std::uint16_t kSizes[] = {1680, 65528};   // in bits: ggml's q6_K, and the most that a file can say
constexpr std::uint64_t kRows = 31, kColumns = 41;  // the larger ones fill ten chunks

DtypeInfo block_of(std::uint16_t bits) {
    return {static_cast<Dtype>(142), bits, "ggml.q6_K"};
}

/// Rows of blocks, each of other bytes.
std::vector<std::byte> matrix(std::uint16_t bits) {
    std::vector<std::byte> bytes(kRows * kColumns * (bits / 8U));
    std::uint32_t state = bits;
    for (std::byte& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
    }
    return bytes;
}

/// The blocks with these numbers, one after the other.
std::vector<std::byte> pick(std::span<const std::byte> from, std::uint16_t bits,
                            const std::vector<std::uint64_t>& numbers) {
    std::vector<std::byte> picked;
    for (const std::uint64_t number : numbers) {
        const auto block = from.subspan(number * (bits / 8U), bits / 8U);
        picked.insert(picked.end(), block.begin(), block.end());
    }
    return picked;
}

std::vector<std::uint64_t> transposed() {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t column = 0; column < kColumns; ++column) {
        for (std::uint64_t row = 0; row < kRows; ++row)
            numbers.push_back(row * kColumns + column);
    }
    return numbers;
}

/// Every third row, and of these the columns 5, 12, 19 and so on.
std::vector<std::uint64_t> part_of_rows() {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t row = 1; row < kRows; row += 3) {
        for (std::uint64_t column = 5; column < kColumns; column += 7)
            numbers.push_back(row * kColumns + column);
    }
    return numbers;
}

std::vector<std::byte> loaded(const TensorView& view) {
    const auto tensor = view.load();
    REQUIRE_MESSAGE(tensor, tensor.error().message());
    return {tensor->bytes().begin(), tensor->bytes().end()};
}

Checkpoint both_ways(std::uint16_t bits, std::span<const std::byte> bytes) {
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["rows"] = TensorView(block_of(bits), {kRows, kColumns}, StorageView(bytes));
    net["columns"] = TensorView(block_of(bits), {kColumns, kRows}, StorageView(bytes), 0, {1, kColumns});
    return checkpoint;
}

/// Every way to the bytes of a tensor that is in order, of one in columns, and of a slice of it.
void check_reads(const Reader& file, std::uint16_t bits, std::span<const std::byte> bytes) {
    const TensorView rows = *file.tensor("net", "rows");
    const TensorView columns = *file.tensor("net", "columns");
    const TensorView part = *rows.slice({{1, kRows, 3}, {5, kColumns, 7}});
    CHECK(rows.dtype() == block_of(bits));
    CHECK(std::ranges::equal(*rows.bytes(), bytes));
    CHECK(std::ranges::equal(loaded(rows), bytes));
    CHECK(loaded(columns) == pick(bytes, bits, transposed()));
    CHECK(loaded(part) == pick(bytes, bits, part_of_rows()));
    std::vector<std::byte> first(columns.nbytes()), second(part.nbytes());
    ReadPlan plan(file);
    REQUIRE(plan.add(columns, first));
    REQUIRE(plan.add(part, second));
    REQUIRE(plan.read());
    CHECK(first == pick(bytes, bits, transposed()));
    CHECK(second == pick(bytes, bits, part_of_rows()));
}

}  // namespace

TEST_CASE("blocks: every codec, every access") {
    const ScratchFolder folder;
    for (const std::uint16_t bits : kSizes) {
        const std::vector<std::byte> bytes = matrix(bits);
        for (const Codec codec : {Codec::raw, Codec::zstd, Codec::planes, Codec::automatic}) {
            REQUIRE(save(folder / "file", both_ways(bits, bytes), {.codec = codec, .durable = false}));
            for (const Access access : {Access::mapped, Access::read}) {
                const auto file = Reader::open(folder / "file", {.access = access, .threads = 2});
                REQUIRE_MESSAGE(file, file.error().message());
                CHECK(verify(*file)->ok());
                check_reads(*file, bits, bytes);
                const Checkpoint all = *load_all(*file);
                const auto* columns = all.models()[0].second.find("columns")->get_if<TensorView>();
                CHECK(loaded(*columns) == pick(bytes, bits, transposed()));
            }
        }
    }
}

TEST_CASE("blocks: a part of a storage, compact") {
    for (const std::uint16_t bits : kSizes) {
        const std::vector<std::byte> bytes = matrix(bits);
        const TensorView rows(block_of(bits), {kRows, kColumns}, StorageView(bytes));
        Checkpoint checkpoint;
        checkpoint.model("net")["part"] = *rows.slice({{1, kRows, 3}, {5, kColumns, 7}});
        const auto file = open_bytes(*save_bytes(checkpoint, {.compact = true}));
        REQUIRE_MESSAGE(file, file.error().message());
        CHECK(loaded(*file->tensor("net", "part")) == pick(bytes, bits, part_of_rows()));
        CHECK(file->storages()[0].nbytes == file->tensor("net", "part")->nbytes());
    }
}

TEST_CASE("blocks: into live memory, with strides") {
    for (const std::uint16_t bits : kSizes) {
        const std::vector<std::byte> bytes = matrix(bits);
        const auto file = open_bytes(*save_bytes(both_ways(bits, bytes)));
        std::vector<std::byte> live(bytes.size());
        ModelTarget target;
        target.tensor("columns", TensorSpan(block_of(bits), {kColumns, kRows}, live, 0, {1, kColumns}));
        REQUIRE(load_into(*file, "net", target, {.strict = false}));
        CHECK(live == bytes);
    }
}
