#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "live.hpp"

// What a load that fails leaves behind in each mode; strided targets and casts in all of them.
namespace {

using namespace milepost;
using namespace milepost::testing;

constexpr LoadMode kModes[] = {LoadMode::checked, LoadMode::staged, LoadMode::direct};

/// A Source that fails after a number of reads.
class FailingSource final : public Source {
public:
    FailingSource(FileBytes bytes, std::shared_ptr<std::atomic<int>> reads_left)
        : source_(std::move(bytes)), reads_left_(std::move(reads_left)) {}

    Result<std::uint64_t> size() const override { return source_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (reads_left_->fetch_sub(1) <= 0) return Error(Condition::read, "made to fail");
        return source_.read(offset, to);
    }

private:
    MemorySource source_;
    std::shared_ptr<std::atomic<int>> reads_left_;
};

FileBytes bytes_of(const std::vector<Live>& parameters, Codec codec) {
    Checkpoint checkpoint;
    for (const Live& parameter : parameters)
        checkpoint.model("net")[parameter.name] = parameter.view();
    return *save_bytes(checkpoint, {.codec = codec});
}

Floats counted(std::size_t count) {
    Floats numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0.F);
    return numbers;
}

}  // namespace

TEST_CASE("modes: a read that fails in the second pass is reported with what has been written") {
    // Too large, and compressed too little, to be read at once.
    std::vector<Live> saved = {{"a", {750'000}}, {"b", {750'000}}};
    std::mt19937 random(1);
    for (Live& parameter : saved) {
        for (float& element : parameter.elements)
            element = static_cast<float>(random());
    }
    const FileBytes bytes = bytes_of(saved, Codec::zstd);
    const auto load = [&](LoadMode mode, int reads, std::vector<Live>& live) {
        auto reads_left = std::make_shared<std::atomic<int>>(1000);
        const Reader file = *Reader::open(std::make_shared<FailingSource>(bytes, reads_left));
        *reads_left = reads;
        return load_into(file, "net", targets_of(live), {.mode = mode, .threads = 1});
    };
    for (const LoadMode mode : kModes) {
        std::vector<Live> live = {{"a", {750'000}}, {"b", {750'000}}};
        const int first_pass = mode == LoadMode::checked ? 2 : 0;
        for (int reads = 0; reads < first_pass + 2; ++reads) {
            live = {{"a", {750'000}}, {"b", {750'000}}};
            const auto failed = load(mode, reads, live);
            REQUIRE_FALSE(failed);
            CHECK(failed.error().condition() == Condition::read);
            const bool may_change = mode != LoadMode::staged && reads > first_pass;
            CHECK(live[0].untouched() == !may_change);
            CHECK(live[1].elements.back() == Live("b", {1}).elements[0]);
            const bool tells =
                failed.error().message().find("live tensors may have been written") != std::string::npos;
            CHECK(tells == (mode != LoadMode::staged && reads >= first_pass));
        }
        CHECK(load(mode, first_pass + 2, live));
        CHECK(live[1].elements == saved[1].elements);
    }
}

TEST_CASE("modes: several threads, targets that share memory, and some that are converted") {
    std::vector<Live> saved = {{"a", {3'000'000}}, {"b", {700, 900}}, {"c", {10}, 3}, {"tied", {3'000'000}}};
    std::iota(saved[0].elements.begin(), saved[0].elements.end(), 0.F);
    std::iota(saved[1].elements.begin(), saved[1].elements.end(), 5.F);
    saved[3].elements = saved[0].elements;
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const Reader file = *open_bytes(bytes_of(saved, codec));
        for (const LoadMode mode : kModes) {
            Floats a(3'000'000), b(700 * 900);
            std::vector<double> c(10);
            ModelTarget target;
            target.tensor("a", a, {3'000'000}).tensor("tied", a, {3'000'000}).tensor("c", c, {10});
            target.tensor(
                "b", TensorSpan(Dtype::f32, {700, 900}, std::as_writable_bytes(std::span(b)), 0, {1, 700}));
            Progress last;
            const auto loaded = load_into(
                file, "net", target,
                {.cast = true, .mode = mode, .threads = 3, .progress = [&](const Progress& progress) {
                     CHECK(progress.done_nbytes >= last.done_nbytes);
                     last = progress;
                     return true;
                 }});
            REQUIRE_MESSAGE(loaded, loaded.error().message());
            CHECK(a == saved[0].elements);
            CHECK(b[700] == 6);
            CHECK(b[1] == 905);
            CHECK(c == std::vector<double>(10, 3));
            CHECK(last.total_nbytes > 0);
            CHECK(last.done_nbytes == last.total_nbytes);
        }
    }
}

TEST_CASE("modes: a caller that cancels, in each pass, and a progress that throws") {
    std::vector<Live> saved = {{"a", {3'000'000}}, {"b", {10}, 2}};
    std::mt19937 random(1);
    for (float& element : saved[0].elements)
        element = static_cast<float>(random());
    const Reader file = *open_bytes(bytes_of(saved, Codec::zstd));
    for (const LoadMode mode : kModes) {
        std::uint64_t total = 0;
        std::vector<Live> live = {{"a", {3'000'000}}, {"b", {10}}};
        const auto stop_after = [&](std::uint64_t percent) {
            live = {{"a", {3'000'000}}, {"b", {10}}};
            return load_into(file, "net", targets_of(live),
                             {.mode = mode, .progress = [&](const Progress& progress) {
                                  total = progress.total_nbytes;
                                  return progress.done_nbytes * 100 < percent * total;
                              }});
        };
        for (const std::uint64_t percent : {1U, 30U, 70U}) {
            const auto cancelled = stop_after(percent);
            REQUIRE_FALSE(cancelled);
            CHECK(cancelled.error().condition() == Condition::by_caller);
            const bool may_change = mode == LoadMode::direct || (mode == LoadMode::checked && percent > 50);
            if (!may_change) CHECK(live[0].untouched());
            if (!may_change) CHECK(live[1].untouched());
        }
        CHECK(stop_after(101));
        CHECK(live[0].elements == saved[0].elements);
        const auto thrown =
            load_into(file, "net", targets_of(live), {.mode = mode, .progress = [](const Progress&) -> bool {
                                                          throw std::runtime_error("no terminal");
                                                      }});
        REQUIRE_FALSE(thrown);
        CHECK(thrown.error().condition() == Condition::callback);
        CHECK(thrown.error().message().find("LoadOptions::progress threw an exception: no terminal") !=
              std::string::npos);
    }
}

TEST_CASE("modes: damage in the last tensor changes nothing, unless the load is direct") {
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        FileBytes bytes = bytes_of({{"a", {100}, 1}, {"b", {100}, 2}}, codec);
        const StorageInfo last = open_bytes(bytes)->storages()[1];
        bytes[static_cast<std::size_t>(last.offset)] ^= std::byte{1};
        for (const LoadMode mode : kModes) {
            std::vector<Live> live = {{"a", {100}}, {"b", {100}}};
            const auto failed = load_into(*open_bytes(bytes), "net", targets_of(live), {.mode = mode});
            REQUIRE_FALSE(failed);
            CHECK(failed.error().condition() == Condition::chunk_checksum);
            CHECK(live[0].untouched() == (mode != LoadMode::direct));
        }
    }
}

TEST_CASE("modes: strided targets and casts, block by block") {
    constexpr std::size_t kRows = 3000, kColumns = 2500;  // several blocks of some chunks
    const Floats numbers = counted(kRows * kColumns);
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView::of(std::span(numbers), {kRows, kColumns});
    // The transposed matrix, so that the tensor of the file is strided, too.
    checkpoint.model("net")["t"] =
        TensorView(*find_dtype(Dtype::f32), {kColumns, kRows}, StorageView(std::as_bytes(std::span(numbers))),
                   0, {1, kColumns});
    for (const Codec codec : {Codec::raw, Codec::zstd}) {
        const Reader file = *open_bytes(*save_bytes(checkpoint, {.codec = codec}));
        for (const LoadMode mode : kModes) {
            Floats turned(numbers.size());
            std::vector<double> wide(numbers.size()), wide_turned(numbers.size());
            ModelTarget target;
            target.tensor("w", TensorSpan(Dtype::f32, {kRows, kColumns},
                                          std::as_writable_bytes(std::span(turned)), 0, {1, kRows}));
            target.tensor("t", TensorSpan(Dtype::f64, {kColumns, kRows},
                                          std::as_writable_bytes(std::span(wide)), 0, {1, kColumns}));
            REQUIRE(load_into(file, "net", target, {.cast = true, .mode = mode}));
            CHECK(std::equal(wide.begin(), wide.end(), numbers.begin()));
            CHECK(turned[1] == numbers[kColumns]);
            CHECK(turned[kRows * 2 + 5] == numbers[5 * kColumns + 2]);
            target = {};
            target.tensor("w", turned, {kRows, kColumns}).tensor("t", wide_turned, {kColumns, kRows});
            REQUIRE(load_into(file, "net", target, {.cast = true, .mode = mode}));
            CHECK(turned == numbers);
            CHECK(wide_turned[1] == static_cast<double>(numbers[kColumns]));
            CHECK(wide_turned[7 * kRows + 9] == static_cast<double>(numbers[9 * kColumns + 7]));
        }
    }
}

TEST_CASE("modes: an adopt that throws is an error, and nothing has been written") {
    const Reader file = file_of({{"a", {2}, 1}, {"b", {2}, 2}, {"c", {2}, 3}});
    for (const LoadMode mode : kModes) {
        Live a{"a", {2}};
        Entries extra;
        int adopted = 0;
        ModelTarget target;
        target.tensor("a", a.elements, {2});
        target.adopt("b", Dtype::f32, {2}, [&](const TensorView&) { ++adopted; });
        target.adopt("c", Dtype::f32, {2}, [](const TensorView&) { throw std::runtime_error("no room"); });
        target.extra_state = &extra;
        const auto failed = load_into(file, "net", target, {.mode = mode});
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code() == Code::invalid_argument);
        CHECK(failed.error().message() == "net/c: Target::adopt threw an exception: no room");
        CHECK(adopted == 1);
        CHECK(a.untouched());
        target.tensors[2].adopt = [](const TensorView&) { throw std::bad_alloc(); };
        CHECK(load_into(file, "net", target, {.mode = mode}).error().condition() == Condition::out_of_memory);
        target.tensors[2].adopt = [](const TensorView&) { throw 7; };
        CHECK(load_into(file, "net", target, {.mode = mode}).error().code() == Code::invalid_argument);
    }
}
