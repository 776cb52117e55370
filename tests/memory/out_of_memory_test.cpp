#include <doctest/doctest.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "golden/rows.hpp"
#include "memory/failing_new.hpp"
#include "support/memory.hpp"
#include "support/samples.hpp"
#include "support/scratch.hpp"
#include "support/verdict.hpp"

// An allocation that fails at every count, once and from then on: the call says io_error/out_of_memory or
// succeeds, and nothing leaks.
namespace {

using namespace milepost;
using namespace milepost::golden;
using namespace milepost::testing;

/// Takes nothing of memory itself.
class NullSink final : public Sink {
public:
    Result<void> write(std::span<const std::byte>) override { return {}; }
    Result<void> commit() override {
        committed = true;
        return {};
    }
    bool committed = false;
};

/// A Source over memory that outlives it.
class Borrowed final : public Source {
public:
    explicit Borrowed(const FileBytes& bytes) noexcept : bytes_(bytes) {}
    Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
        return {};
    }

private:
    const FileBytes& bytes_;
};

/// What a call came to: nothing if it succeeded.
using Outcome = std::optional<Condition>;

template <class T>
Outcome outcome_of(const Result<T>& result) {
    return result ? Outcome() : result.error().condition();
}

/// Runs `call` with a failing allocation at each count until none is reached.
template <class Call>
void check_each_failure(std::string_view name, Call call) {
    for (const bool sticky : {false, true}) {
        int failures = 0;
        for (std::int64_t n = 0;; ++n) {
            const std::int64_t before = testing::live_allocations();
            Outcome outcome;
            bool thrown = false;
            testing::fail_new_at(n, sticky);
            try {
                outcome = call();
            } catch (const std::exception&) {
                thrown = true;
            }
            const bool failed = testing::stop_failing_new();
            const std::int64_t leaked = testing::live_allocations() - before;
            INFO(std::string(name) << ", allocation " << n << ", sticky " << sticky);
            CHECK_FALSE(thrown);
            CHECK(leaked == 0);
            if (!failed) {
                CHECK_FALSE(outcome.has_value());
                break;
            }
            ++failures;
            if (outcome) CHECK(*outcome == Condition::out_of_memory);
        }
        CHECK_MESSAGE(failures > 0, name);
    }
}

const std::pair<std::string_view, Codec> kCodecs[] = {{"raw", Codec::raw}, {"zstd", Codec::zstd}};

}  // namespace

TEST_CASE("out of memory: saving into a sink") {
    for (const auto& [name, codec] : kCodecs) {
        for (const unsigned threads : {1U, 3U}) {
            const Checkpoint small_one = small(), large_one = many_chunks(), values = every_value();
            for (const Checkpoint* checkpoint : {&small_one, &large_one, &values}) {
                check_each_failure(name, [&, codec = codec]() -> Outcome {
                    NullSink sink;
                    const auto saved = save(sink, *checkpoint, {.codec = codec, .threads = threads});
                    if (saved.has_value() != sink.committed) return Condition::changed;
                    return outcome_of(saved);
                });
            }
        }
    }
}

TEST_CASE("out of memory: saving to a file leaves the old one or the new one") {
    const testing::ScratchFolder folder;
    const std::string path = folder / "file";
    REQUIRE(save(path, one_value(1)));
    const Checkpoint checkpoint = one_value(2);
    check_each_failure("save", [&] { return outcome_of(save(path, checkpoint, {.durable = false})); });
    CHECK(testing::names_in(folder.path()).size() == 1);
    CHECK(verdict_of(Reader::open(path), 1) == "ok");
}

TEST_CASE("out of memory: a run's folder") {
    const testing::ScratchFolder folder;
    const std::string path = folder / "run";
    const Checkpoint checkpoint = one_value(1);
    const auto run = Run::open(path, {.keep = 1, .keep_best = {{.value = "v"}}});
    REQUIRE(run);
    REQUIRE(run->save(1, checkpoint, {.durable = false}));
    check_each_failure("open", [&]() -> Outcome {
        try {
            return outcome_of(Run::open(std::string(path)));
        } catch (const std::bad_alloc&) {
            return Condition::out_of_memory;  // of the string
        }
    });
    check_each_failure("next", [&] { return outcome_of(run->next(1)); });
    check_each_failure("checkpoints", [&] { return outcome_of(run->checkpoints()); });
    check_each_failure("restore", [&] { return outcome_of(run->restore()); });
    std::uint64_t saves = 1;
    bool has_failed = true;
    for (std::int64_t n = 0; has_failed; ++n) {
        const std::int64_t before = testing::live_allocations();
        {
            testing::fail_new_at(n, true);
            const auto saved = run->save(1, checkpoint, {.threads = 1});
            has_failed = testing::stop_failing_new();
            INFO("allocation " << n);
            if (saved) ++saves;  // also if there was no memory to prune
            if (!saved) CHECK(saved.error().condition() == Condition::out_of_memory);
            if (saved && !saved->warnings.empty())
                CHECK(saved->warnings.front().condition() == Condition::out_of_memory);
        }
        CHECK(testing::live_allocations() == before);
        CHECK(run->next(1)->number == saves + 1);  // a save that fails leaves no file
        REQUIRE(run->prune());
    }
    check_each_failure("prune", [&] { return outcome_of(run->prune()); });
    REQUIRE(run->checkpoints()->size() == 1);
    CHECK(run->checkpoints()->front().number == saves);
}

TEST_CASE("out of memory: streaming") {
    const TensorView tensor = TensorView::of(six_floats(), {6});
    Checkpoint checkpoint = small();
    const TensorView neutral(tensor.dtype(), {},
                             tensor.storage());  // takes no memory, and none of a writer's
    TensorView& added = *(checkpoint.values()["added"] = neutral).get_if<TensorView>();
    check_each_failure("add", [&]() -> Outcome {
        NullSink sink;
        auto writer = Writer::create(sink);
        if (!writer) return outcome_of(writer);
        auto placeholder = writer->add(tensor);
        try {
            Value written = placeholder ? Value(*std::move(placeholder)) : Value();
            if (auto* view = written.get_if<TensorView>()) added = std::move(*view);
        } catch (const std::bad_alloc&) {
            return Condition::out_of_memory;  // of the test itself
        }
        const auto committed = writer->commit(checkpoint);
        const Outcome outcome = placeholder ? outcome_of(committed) : outcome_of(placeholder);
        added =
            TensorView(tensor.dtype(), {}, tensor.storage());  // takes no memory, and none of the writer's
        return !placeholder && committed ? Condition::changed : outcome;
    });
}

TEST_CASE("out of memory: opening") {
    const testing::ScratchFolder folder;
    for (const auto& [name, codec] : kCodecs) {
        REQUIRE(save(folder / "file", many_chunks(), {.codec = codec}));
        const std::string path = folder / "file";
        for (const Access access : {Access::mapped, Access::read}) {
            for (const Check check : {Check::first_access, Check::at_open}) {
                check_each_failure(name, [&] {
                    return outcome_of(Reader::open(path, {.access = access, .check = check, .threads = 2}));
                });
            }
        }
    }
    const FileBytes values = *save_bytes(every_value());
    check_each_failure("source", [&]() -> Outcome {
        std::shared_ptr<Borrowed> source;
        try {
            source = std::make_shared<Borrowed>(values);
        } catch (const std::bad_alloc&) {
            return Condition::out_of_memory;
        }
        return outcome_of(Reader::open(source));
    });
}

TEST_CASE("out of memory: a file that is refused is still refused, or memory is short") {
    for (const std::string_view name : {"rule18-cycle", "rule30-offset-wraps", "rule10-in-a-model"}) {
        for (const Row& row : all_rows()) {
            if (row.name != name) continue;
            const FileBytes bytes = make_file(row);
            const auto source = std::make_shared<Borrowed>(bytes);
            for (std::int64_t n = 0;; ++n) {
                testing::fail_new_at(n, false);
                const auto file = Reader::open(source);
                const bool has_failed = testing::stop_failing_new();
                REQUIRE_FALSE(file);
                const bool expected = file.error().condition() == Condition::out_of_memory ||
                                      file.error().code() == Code::corrupt;
                CHECK_MESSAGE(expected, file.error().to_string());
                if (!has_failed) break;
            }
        }
    }
}

TEST_CASE("out of memory: bytes of tensors") {
    const testing::ScratchFolder folder;
    const std::string path = folder / "file";
    for (const auto& [name, codec] : kCodecs) {
        REQUIRE(save(path, many_chunks(), {.codec = codec}));
        std::vector<std::byte> to(std::size_t{3} << 20U);
        for (const Access access : {Access::mapped, Access::read}) {
            const auto file = Reader::open(path, {.access = access, .threads = 2});
            REQUIRE(file);
            const TensorView ramp = *file->tensor("model", "ramp");
            const auto target = std::span(to).first(static_cast<std::size_t>(ramp.nbytes()));
            check_each_failure("verify", [&] { return outcome_of(verify(*file, {.threads = 2})); });
            if (codec == Codec::raw && access == Access::mapped) continue;  // neither takes memory
            check_each_failure("copy_to", [&] { return outcome_of(ramp.copy_to(target)); });
        }
    }
}

TEST_CASE("out of memory: what is asked of an open file by name") {
    // Files anew for each call: tables for look-ups are made at the first one, and kept.
    const FileBytes models = *save_bytes(several_models()), values = *save_bytes(every_value());
    const FileBytes optimizers = *save_bytes(several_optimizers());
    const auto check = [](std::string_view name, const FileBytes& file, auto ask) {
        const auto source = std::make_shared<Borrowed>(file);
        check_each_failure(name, [&]() -> Outcome {
            const auto reader = Reader::open(source, {.threads = 1});
            if (!reader) return outcome_of(reader);
            return outcome_of(ask(*reader));
        });
    };
    check("tensor", models, [](const Reader& file) { return file.tensor("teacher", "weight"); });
    check("path", models, [](const Reader& file) { return file.tensor("teacher/extra_state/scale"); });
    check("model", models, [](const Reader& file) { return file.model("teacher"); });
    check("optimizer", optimizers, [](const Reader& file) { return file.optimizer("adam"); });
    check("value", values, [](const Reader& file) { return file.value("dict"); });
    check("get", values, [](const Reader& file) { return file.get<Value>("dict"); });
}

TEST_CASE("out of memory: for the message of an error") {
    const TensorView tensor = TensorView::of(six_floats(), {2, 3});
    const TensorView too_large(tensor.dtype(), {7}, tensor.storage());
    const TensorView strided(tensor.dtype(), {3, 2}, tensor.storage(), 0, {1, 3});
    const Value text("a string");
    const auto fails = [](auto call) {
        for (std::int64_t n = 0;; ++n) {
            testing::fail_new_at(n, true);
            const auto outcome = outcome_of(call());
            const bool failed = testing::stop_failing_new();
            CHECK(outcome.has_value());
            if (!failed) break;
            CHECK(*outcome == Condition::out_of_memory);
        }
    };
    std::byte wrong_size{};
    fails([&] { return too_large.check_layout(); });
    fails([&] { return too_large.bytes(); });
    fails([&] { return strided.bytes(); });
    fails([&] { return tensor.as<double>(); });
    fails([&] { return tensor.copy_to({&wrong_size, 1}); });
    fails([&] { return strided.load(1); });
    fails([&] { return tensor.storage().bytes(1, 100); });
    fails([&] { return text.as_int(); });
    fails([&] { return Tensor::zeros(static_cast<Dtype>(100), Shape()); });
}

TEST_CASE("out of memory: a copy that a Reader would keep, and the next try") {
    const FileBytes bytes = *save_bytes(many_chunks(), {.codec = Codec::zstd});
    const auto source = std::make_shared<Borrowed>(bytes);
    for (std::int64_t n = 0;; ++n) {
        const auto file = Reader::open(source, {.threads = 1, .limits = {.max_total_bytes = 2'200'000}});
        REQUIRE(file);
        const TensorView ramp = *file->tensor("model", "ramp");
        testing::fail_new_at(n, false);
        const auto first = outcome_of(ramp.bytes());
        const bool failed = testing::stop_failing_new();
        INFO("allocation " << n);
        if (first) CHECK(*first == Condition::out_of_memory);
        CHECK(ramp.bytes());  // what failed is not counted against the limit
        if (!failed) break;
    }
}
