#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/compare.hpp>
#include <milepost/convert.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/result.hpp>
#include <milepost/select.hpp>
#include <milepost/statistics.hpp>
#include <milepost/tensor.hpp>

#include "convert/content/content_items.hpp"
#include "memory_files.hpp"
#include "outcome.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using convert::ContentItems;

TensorView view_of(std::shared_ptr<const Source> source, std::size_t count) {
    const auto storage = StorageView::from(std::move(source), 0, count * sizeof(float));
    REQUIRE(storage);
    return {*find_dtype(Dtype::f32), {count}, *storage};
}

TensorView float_row(const std::vector<float>& numbers) {
    std::string bytes(numbers.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), numbers.data(), bytes.size());
    return view_of(std::make_shared<const MemorySource>(std::move(bytes)), numbers.size());
}

/// A model of two tensors, an optimizer's worth of values, and a nested dict.
Checkpoint some() {
    Checkpoint made;
    made.model("net").add("a", float_row({1, 2, 3}));
    made.model("net").add("b", float_row({4}));
    made.values()["epoch"] = 3;
    Dict nested;
    nested["lr"] = 0.5;
    nested["seed"] = 7;
    made.values()["config"] = std::move(nested);
    made.set_order({"net", "epoch", "config"});
    return made;
}

struct Compared {
    std::vector<std::string> differences;  ///< "changed net/a"
    Gap gap;                               ///< of the last one
    std::uint64_t compared = 0;
};

Compared compared(const Checkpoint& left, const Checkpoint& right, const CompareOptions& options = {}) {
    Compared all;
    const auto done = compare(left, right, options, [&all](const Difference& difference) {
        const char* const kinds[] = {"removed ", "added ", "changed "};
        all.differences.push_back(kinds[static_cast<std::size_t>(difference.kind)] + difference.path);
        all.gap = difference.gap;
        return true;
    });
    REQUIRE(done);
    CHECK(done->differences == all.differences.size());
    all.compared = done->compared;
    return all;
}

/// A disk that returns other bytes than those that were written, from the second time on.
class ForgetfulSource final : public Source {
public:
    Result<std::uint64_t> size() const override { return std::uint64_t{4}; }
    Result<void> read(std::uint64_t /*offset*/, std::span<std::byte> to) const override {
        std::memset(to.data(), times_ == 0 ? 1 : 2, to.size());
        ++times_;
        return {};
    }

private:
    mutable int times_ = 0;
};

}  // namespace

TEST_CASE("keep and drop: parts, entries and items by their paths") {
    const Checkpoint all = some();
    const Checkpoint weights = keep(all, {"net/*"});
    CHECK(weights.models().size() == 1);
    CHECK(weights.values().empty());
    CHECK(weights.order() == std::vector<std::string>{"net"});

    const Checkpoint one = keep(all, {"net/b", "config/lr"});
    CHECK(one.models().begin()->second.size() == 1);
    CHECK(one.values().find("config")->get_if<Dict>()->items.size() == 1);
    CHECK(one.values().find("epoch") == nullptr);

    const Checkpoint rest = drop(all, {"net/*", "config/seed"});
    CHECK(rest.models().empty());
    CHECK(rest.values().find("config")->get_if<Dict>()->items.size() == 1);
    CHECK(rest.order() == std::vector<std::string>{"epoch", "config"});

    CHECK(check_matches(all, {"net", "net/?", "config/*", "epoch"}));
    CHECK(outcome(check_matches(all, {"net", "nets/?"})) == "invalid_argument/option");

    CHECK(matches_any({}, "anything"));
    CHECK(matches_any({"x", "net/?"}, "net/a"));
    CHECK_FALSE(matches_any({"x", "net/?"}, "net/ab"));
}

TEST_CASE("compare: what is removed, added and changed") {
    const Checkpoint left = some();
    CHECK(compared(left, left).differences.empty());
    CHECK(compared(left, left).compared == 6);

    Checkpoint right = drop(left, {"net/b"});
    right.values()["epoch"] = 4;
    right.values()["new"] = "text";
    CHECK(compared(left, right).differences ==
          std::vector<std::string>{"removed net/b", "changed epoch", "added new"});
    CHECK(compared(left, right, {.only = {"net/*"}}).differences ==
          std::vector<std::string>{"removed net/b"});
    CHECK(compared(left, right, {.only = {"new"}}).differences == std::vector<std::string>{"added new"});
    const auto nothing = compare(left, right, {.only = {"nwe"}}, [](const Difference&) { return true; });
    CHECK(outcome(nothing) == "invalid_argument/option");
}

TEST_CASE("compare: the gap between tensors, and tolerances") {
    Checkpoint left, right;
    left.model("m").add("w", float_row({1, 2, 4}));
    right.model("m").add("w", float_row({1, std::nextafter(2.0F, 3.0F), 4.5F}));
    const Compared strict = compared(left, right);
    CHECK(strict.differences == std::vector<std::string>{"changed m/w"});
    CHECK(strict.gap.numbers == 2);
    CHECK(strict.gap.absolute == 0.5);
    CHECK(strict.gap.relative == doctest::Approx(0.5 / 4.5));
    CHECK(strict.gap.ulps == 1U << 20U);
    CHECK(compared(left, right, {.tolerance = {.absolute = 0.5}}).differences.empty());
    CHECK(compared(left, right, {.tolerance = {.relative = 0.1}}).differences.size() == 1);
}

TEST_CASE("compare: the progress ends at all bytes, and can end the call") {
    const Checkpoint left = some();
    Progress last;
    CompareOptions options;
    options.progress = [&last](const Progress& progress) {
        last = progress;
        return true;
    };
    compared(left, drop(left, {"net/b"}), options);
    CHECK(last.done_nbytes == 16);
    CHECK(last.total_nbytes == 16);
    options.progress = [](const Progress&) { return false; };
    CHECK(outcome(compare(left, left, options, [](const Difference&) { return true; })) ==
          "cancelled/by_caller");
}

TEST_CASE("export: the new file is compared with what was to be written") {
    const ScratchFolder folder;
    for (const std::string name : {"x.milepost", "x.pt", "x.safetensors", "x.npz", "x.npy", "x.gguf"}) {
        CAPTURE(name);
        Checkpoint checkpoint;
        checkpoint.model("model")["w"] = view_of(std::make_shared<const ForgetfulSource>(), 1);
        ExportOptions options;
        options.format = format_of_extension(name).value_or(FileFormat::milepost);
        options.save.durable = false;
        options.verify = true;
        options.lossy = true;
        CHECK(outcome(export_file(folder / name, checkpoint, options)) == "mismatch/unexpected");
        checkpoint.model("model")["w"] = float_row({1, 2});
        const auto written = export_file(folder / name, checkpoint, options);
        REQUIRE(written);
        CHECK(*written == folder / name);
    }
}

TEST_CASE("flat content: tensors have the names that they get in such a file") {
    const auto names_of = [](const Checkpoint& checkpoint) {
        std::vector<std::string> names;
        const ContentItems flat = ContentItems::flat(checkpoint);
        for (const ContentItems::Item& item : flat.items())
            names.push_back(item.path);
        return names;
    };
    Checkpoint checkpoint;
    checkpoint.model("net")["w"] = TensorView();
    checkpoint.values()["epoch"] = 3;
    CHECK(names_of(checkpoint) == std::vector<std::string>{"w"});
    checkpoint.values()["mean"] = TensorView();
    CHECK(names_of(checkpoint) == std::vector<std::string>{"net/w", "mean"});
}

TEST_CASE("statistics: what is not finite is counted and left out") {
    const float infinite = std::numeric_limits<float>::infinity();
    const auto found = statistics_of(float_row({-1, 0, 3, NAN, infinite, -infinite}), 4);
    REQUIRE(found);
    CHECK(found->numbers == 6);
    CHECK(found->nan == 1);
    CHECK(found->infinite == 2);
    CHECK(found->zero == 1);
    CHECK(found->finite == 3);
    CHECK(found->least == -1);
    CHECK(found->largest == 3);
    CHECK(found->mean == doctest::Approx(2.0 / 3));
    CHECK(found->deviation == doctest::Approx(std::sqrt(26.0 / 9)));
    CHECK(found->histogram == std::vector<std::uint64_t>{1, 1, 0, 1});
}
