#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/sizes.hpp"

// Many tensors at once: the bytes that copy_to gives, each chunk read once, and what memory holds after an
// error.
namespace {

using namespace milepost;
using namespace milepost::testing;

/// A Source that counts its reads and bytes.
class CountingSource final : public Source {
public:
    explicit CountingSource(FileBytes bytes) : inner_(std::move(bytes)) {}
    Result<std::uint64_t> size() const override { return inner_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        ++reads;
        nbytes += to.size();
        return inner_.read(offset, to);
    }

    mutable std::atomic<std::uint64_t> reads{0}, nbytes{0};

private:
    MemorySource inner_;
};

/// Memory for tensors, filled with something that no tensor has by chance.
struct Memory {
    std::vector<std::vector<std::byte>> parts;

    std::span<std::byte> add(std::uint64_t nbytes) {
        return parts.emplace_back(static_cast<std::size_t>(nbytes), std::byte{0xA5});
    }
};

std::vector<std::byte> copy_of(const TensorView& tensor) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.nbytes()));
    const auto copied = tensor.copy_to(bytes);
    REQUIRE_MESSAGE(copied, copied.error().message());
    return bytes;
}

/// A model of large and small tensors, half of which compress; `mib` MiB and some in all.
Checkpoint mixed(std::size_t mib) {
    static std::vector<std::unique_ptr<std::vector<std::byte>>> lasting;
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("net");
    const DtypeInfo u8 = *find_dtype(Dtype::u8);
    for (std::uint32_t i = 0; i < 40; ++i) {
        const std::size_t nbytes = i % 10 == 0 ? mib * kMib / 4 + i : 1000 * i;
        lasting.push_back(std::make_unique<std::vector<std::byte>>(make_bytes(nbytes, i / 10 % 2)));
        model["layer " + std::to_string(i)] = TensorView(u8, {nbytes}, StorageView(*lasting.back()));
    }
    return checkpoint;
}

struct Case {
    Codec codec;
    Access access;
};
constexpr Case kCases[] = {{Codec::raw, Access::mapped},
                           {Codec::raw, Access::read},
                           {Codec::zstd, Access::mapped},
                           {Codec::zstd, Access::read}};

}  // namespace

TEST_CASE("read plan: the bytes of copy_to, for every sample, codec, access and number of threads") {
    const ScratchFolder folder;
    for (const auto& make : {every_dtype, every_shape, many_chunks, float_words, tied, sliced, every_column,
                             like_layouts, unknown_dtype, ggml_blocks, several_optimizers, every_value}) {
        for (const Case& use : kCases) {
            REQUIRE(save(folder / "file", make(), {.codec = use.codec}));
            const auto file = Reader::open(folder / "file", {.access = use.access});
            REQUIRE(file);
            auto tensors = file->tensors();
            std::erase_if(tensors, [](const TensorView& tensor) { return tensor.nbytes() > 16 * kMib; });
            std::reverse(tensors.begin(), tensors.end());
            for (const unsigned threads : {1U, 3U}) {
                ReadPlan plan(*file);
                Memory memory;
                std::uint64_t nbytes = 0;
                for (const TensorView& tensor : tensors) {
                    REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
                    nbytes += tensor.nbytes();
                }
                CHECK(plan.nbytes() == nbytes);
                CHECK(plan.tensor_count() == tensors.size());
                CHECK(plan.check({.threads = threads}));
                const auto read = plan.read({.threads = threads});
                REQUIRE_MESSAGE(read, read.error().message());
                for (std::size_t i = 0; i < tensors.size(); ++i)
                    CHECK(memory.parts[i] == copy_of(tensors[i]));
            }
        }
    }
}

TEST_CASE("read plan: large files by several threads, read again, and tensors more than once") {
    const ScratchFolder folder;
    for (const Case& use : kCases) {
        REQUIRE(save(folder / "file", mixed(40), {.codec = use.codec, .durable = false}));
        const auto file = Reader::open(folder / "file", {.access = use.access});
        REQUIRE(file);
        ReadPlan plan(*file);
        Memory memory;
        std::vector<TensorView> tensors = file->tensors();
        tensors.insert(tensors.end(), tensors.begin(), tensors.begin() + 20);
        std::shuffle(tensors.begin(), tensors.end(), std::mt19937(7));
        for (const TensorView& tensor : tensors)
            REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
        for (int i = 0; i < 2; ++i) {
            for (auto& part : memory.parts)
                std::fill(part.begin(), part.end(), std::byte{0xA5});
            const auto read = plan.read({.threads = 4});
            REQUIRE_MESSAGE(read, read.error().message());
            for (std::size_t k = 0; k < tensors.size(); ++k)
                CHECK(memory.parts[k] == copy_of(tensors[k]));
        }
    }
}

TEST_CASE("read plan: rows, columns, blocks and steps of one tensor in any order; each chunk is read once") {
    constexpr std::uint64_t kLargeRows = 2000, kLargeColumns = 700;  // 5.6 MB
    std::vector<std::uint32_t> words(kLargeRows * kLargeColumns);
    std::iota(words.begin(), words.end(), 0U);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView(*find_dtype(Dtype::u32), {kLargeRows, kLargeColumns},
                                              StorageView(std::as_bytes(std::span(words))));
    const std::vector<std::vector<Range>> slices = {
        {{1990, 2000}}, {{0, 2000}, {5, 6}},      {},       {{3, 1999, 7}, {1, 700, 3}},
        {{0, 10}},      {{262, 263}, {100, 600}}, {{5, 5}}, {{1000, 1001}, {0, 1}}};
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const auto source = std::make_shared<CountingSource>(*save_bytes(checkpoint, {.codec = codec}));
        const auto file = Reader::open(source);
        REQUIRE(file);
        const TensorView whole = *file->tensor("net", "w");
        ReadPlan plan(*file);
        Memory memory;
        std::vector<TensorView> parts;
        for (const auto& ranges : slices) {
            parts.push_back(*whole.slice(ranges));
            REQUIRE(plan.add(parts.back(), memory.add(parts.back().nbytes())));
        }
        CHECK(plan.stored_nbytes() == file->storages()[0].stored_nbytes);
        source->reads = source->nbytes = 0;
        REQUIRE(plan.read({.threads = 3}));
        CHECK(source->reads == plan.read_count());
        CHECK(source->nbytes >= plan.stored_nbytes());
        CHECK(source->nbytes < plan.stored_nbytes() + 10 * 64);  // and the padding between chunks
        for (std::size_t i = 0; i < parts.size(); ++i)
            CHECK(memory.parts[i] == copy_of(parts[i]));
    }
}

TEST_CASE("read plan: only the chunks that hold elements") {
    std::vector<std::byte> bytes = make_bytes(8 * kMib, 1);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView(*find_dtype(Dtype::u8), {8, kMib}, StorageView(bytes));
    const auto source = std::make_shared<CountingSource>(*save_bytes(checkpoint));
    const auto file = Reader::open(source);
    const TensorView whole = *file->tensor("net", "w");
    ReadPlan plan(*file);
    Memory memory;
    const TensorView rows = *whole.slice({{1, 8, 3}, {10, 20}});  // of the rows 1, 4 and 7
    REQUIRE(plan.add(rows, memory.add(rows.nbytes())));
    CHECK(plan.stored_nbytes() == 3 * kMib);
    CHECK(plan.read_count() == 3);
    source->nbytes = 0;
    REQUIRE(plan.read());
    CHECK(source->nbytes == 3 * kMib);
    CHECK(memory.parts[0] == copy_of(rows));
}

TEST_CASE("read plan: many small tensors are few reads") {
    static std::vector<std::vector<std::byte>> lasting;
    Checkpoint checkpoint;
    for (std::uint32_t i = 0; i < 3000; ++i) {
        lasting.push_back(make_bytes(1000, i));
        checkpoint.model("net")[std::to_string(i)] =
            TensorView(*find_dtype(Dtype::u8), {1000}, StorageView(lasting.back()));
    }
    const auto source = std::make_shared<CountingSource>(*save_bytes(checkpoint));
    const auto file = Reader::open(source);
    ReadPlan plan(*file);
    Memory memory;
    const auto tensors = file->tensors();
    for (const TensorView& tensor : tensors)
        REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
    CHECK(plan.read_count() == 1);
    source->reads = 0;
    REQUIRE(plan.read());
    CHECK(source->reads == 1);
    CHECK(memory.parts[2999] == copy_of(tensors[2999]));
    CHECK(memory.parts[0] == copy_of(tensors[0]));
}

TEST_CASE("read plan: strides that interleave") {
    const std::vector<std::byte> bytes = make_bytes(3 * kMib, 1);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
    checkpoint.model("net")["windows"] =
        TensorView(*find_dtype(Dtype::u8), {2 * kMib, 3},
                   checkpoint.model("net")["w"].get_if<TensorView>()->storage(), 5, {1, 2});
    const auto file = open_bytes(*save_bytes(checkpoint));
    REQUIRE(file);
    ReadPlan plan(*file);
    Memory memory;
    for (const TensorView& tensor : file->tensors())
        REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
    REQUIRE(plan.read());
    CHECK(memory.parts[0] == bytes);
    CHECK(memory.parts[1] == copy_of(*file->tensor("net", "windows")));
}

TEST_CASE(
    "read plan: after damage, memory has right bytes, old ones, or zeros; the error is the first one's") {
    const ScratchFolder folder;
    const Checkpoint checkpoint = mixed(24);
    for (const Case& use : kCases) {
        FileBytes bytes = *save_bytes(checkpoint, {.codec = use.codec});
        const auto good = open_bytes(bytes);
        const auto storages = good->storages();
        std::vector<std::vector<std::byte>> right;
        for (const TensorView& tensor : good->tensors())
            right.push_back(copy_of(tensor));
        for (const std::size_t storage : {20U, 30U})
            bytes[static_cast<std::size_t>(storages[storage].offset + storages[storage].stored_nbytes - 1)] ^=
                std::byte{1};
        write_file(folder / "file", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        const auto file = Reader::open(folder / "file", {.access = use.access});
        REQUIRE(file);
        for (const unsigned threads : {1U, 2U, 5U}) {
            ReadPlan plan(*file);
            Memory memory;
            for (const TensorView& tensor : file->tensors())
                REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
            const auto checked = plan.check({.threads = threads});
            REQUIRE_FALSE(checked);
            CHECK(checked.error().condition() == Condition::chunk_checksum);
            for (const auto& part : memory.parts)
                CHECK(std::all_of(part.begin(), part.end(),
                                  [](std::byte byte) { return byte == std::byte{0xA5}; }));
            const auto read = plan.read({.threads = threads});
            REQUIRE_FALSE(read);
            CHECK(read.error().condition() == Condition::chunk_checksum);
            CHECK(read.error().message().find("net/layer 20 ") == 0);
            for (std::size_t i = 0; i < right.size(); ++i) {
                const auto& found = memory.parts[i];
                std::size_t wrong = 0;
                for (std::size_t at = 0; at < found.size(); ++at)
                    wrong +=
                        found[at] != right[i][at] && found[at] != std::byte{0xA5} && found[at] != std::byte{0}
                            ? 1
                            : 0;
                CHECK(wrong == 0);
            }
        }
        // Tensors that do not need a damaged chunk are read.
        ReadPlan rest(*file);
        Memory memory;
        std::vector<std::size_t> numbers;
        for (const TensorView& tensor : file->tensors()) {
            if (!tensor.check()) continue;
            numbers.push_back(*tensor.index());
            REQUIRE(rest.add(tensor, memory.add(tensor.nbytes())));
        }
        CHECK(numbers.size() == 38);
        REQUIRE(rest.read());
        for (std::size_t i = 0; i < numbers.size(); ++i)
            CHECK(memory.parts[i] == right[numbers[i]]);
    }
}

TEST_CASE("read plan: a file that changed says so") {
    const ScratchFolder folder;
    REQUIRE(save(folder / "file", many_chunks()));
    const auto file = Reader::open(folder / "file", {.access = Access::read});
    std::filesystem::resize_file(folder / "file", 100);
    ReadPlan plan(*file);
    Memory memory;
    for (const TensorView& tensor : file->tensors())
        REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
    CHECK(plan.read().error().condition() == Condition::changed);
}

TEST_CASE("read plan: what cannot be added, and memory that overlaps") {
    const Reader file = *open_bytes(*save_bytes(several_models())), other = *open_bytes(*save_bytes(small()));
    ReadPlan plan(file);
    const auto tensors = file.tensors();
    std::vector<std::byte> memory(10'000, std::byte{0xA5});
    const TensorView& first = tensors[0];
    const auto to = std::span(memory).first(static_cast<std::size_t>(first.nbytes()));
    const auto refused = [&](const TensorView& tensor, std::span<std::byte> target, Condition condition) {
        const auto added = plan.add(tensor, target);
        REQUIRE_FALSE(added);
        CHECK(added.error().condition() == condition);
        CHECK(plan.tensor_count() == 0);
    };
    refused(first, to.first(to.size() - 1), Condition::layout);
    refused(first, std::span(memory).first(to.size() + 1), Condition::layout);
    refused(TensorView(first.dtype(), {1000}, first.storage()), memory, Condition::layout);
    refused(other.tensors()[0], memory, Condition::option);
    refused(TensorView::of(six_floats(), {6}), std::span(memory).first(24), Condition::option);
    CHECK(plan.read());  // nothing
    CHECK(plan.nbytes() == 0);
    CHECK(plan.stored_nbytes() == 0);
    CHECK(plan.read_count() == 0);

    REQUIRE(plan.add(first, to));
    const TensorView& second = tensors[1];
    REQUIRE(plan.add(second,
                     std::span(memory).subspan(to.size() - 1, static_cast<std::size_t>(second.nbytes()))));
    const auto read = plan.read();
    REQUIRE_FALSE(read);
    CHECK(read.error().condition() == Condition::layout);
    CHECK(read.error().message().find(file.tensor_path(0)) != std::string::npos);
    CHECK(read.error().message().find(file.tensor_path(1)) != std::string::npos);
    CHECK(std::all_of(memory.begin(), memory.end(), [](std::byte byte) { return byte == std::byte{0xA5}; }));
}

TEST_CASE("read plan: progress counts stored bytes to the end, and can cancel; what it throws is an error") {
    const ScratchFolder folder;
    for (const Case& use : kCases) {
        REQUIRE(save(folder / "file", mixed(24), {.codec = use.codec, .durable = false}));
        const auto file = Reader::open(folder / "file", {.access = use.access});
        ReadPlan plan(*file);
        Memory memory;
        for (const TensorView& tensor : file->tensors())
            REQUIRE(plan.add(tensor, memory.add(tensor.nbytes())));
        for (const unsigned threads : {1U, 3U}) {
            Progress last;
            std::uint64_t calls = 0;
            const auto read = plan.read({.threads = threads, .progress = [&](const Progress& progress) {
                                             CHECK(progress.done_nbytes > last.done_nbytes);
                                             last = progress;
                                             ++calls;
                                             return true;
                                         }});
            REQUIRE(read);
            CHECK(last.done_nbytes == plan.stored_nbytes());
            CHECK(last.total_nbytes == plan.stored_nbytes());
            CHECK(calls > 1);
            calls = 0;
            const auto cancelled =
                plan.read({.threads = threads, .progress = [&](const Progress&) { return ++calls < 2; }});
            REQUIRE_FALSE(cancelled);
            CHECK(cancelled.error().condition() == Condition::by_caller);
            CHECK(calls == 2);
            const auto thrown = plan.check({.threads = threads, .progress = [](const Progress&) -> bool {
                                                throw std::runtime_error("no terminal");
                                            }});
            REQUIRE_FALSE(thrown);
            CHECK(thrown.error().condition() == Condition::callback);
        }
    }
}

TEST_CASE("read plan: keeps the file open") {
    const FileBytes bytes = *save_bytes(many_chunks());
    std::vector<std::byte> to(5000);
    const ReadPlan plan = [&] {
        const Reader file = *open_bytes(bytes);
        ReadPlan made(file);
        REQUIRE(made.add(*file.tensor("model", "one chunk"), to));
        return made;
    }();
    REQUIRE(plan.read());
    CHECK(to == make_bytes(5000, 0));
}
