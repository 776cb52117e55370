#include "partial_load.hpp"

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include "checkpoint.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "says.hpp"

namespace {

using Names = std::vector<std::string>;

lenet::Buffer weights_of_seed(std::uint64_t seed) {
    lenet::Generator generator(seed);
    return lenet::initial_weights(generator);
}

bool same(lenet::Buffer& one, lenet::Buffer& other, lenet::Parameter parameter) {
    const auto a = lenet::part(one, lenet::kParameters[parameter]);
    const auto b = lenet::part(other, lenet::kParameters[parameter]);
    return std::equal(a.begin(), a.end(), b.begin());
}

/// Another network: LeNet's first convolution under DataParallel's prefix, a classifier of five classes, a
/// layer that LeNet has not, and nothing else.
class Other {
public:
    Other() {
        milepost::Checkpoint checkpoint;
        milepost::StateDict& net = checkpoint.model("model");
        net["module.conv1.weight"] = milepost::TensorView::of(std::span(ones_).first(450), {6, 3, 5, 5});
        net["module.conv1.bias"] = milepost::TensorView::of(std::span(ones_).first(6), {6});
        net["module.fc3.weight"] = milepost::TensorView::of(std::span(ones_).first(420), {5, 84});
        net["module.fc3.bias"] = milepost::TensorView::of(std::span<const double>(doubles_), {10});
        net["module.fc4.bias"] = milepost::TensorView::of(std::span(ones_).first(5), {5});
        lenet::or_fail(milepost::save(folder_.file("other"), checkpoint));
    }
    [[nodiscard]] milepost::Reader open() const {
        return lenet::or_fail(milepost::Reader::open(folder_.file("other")));
    }

private:
    Folder folder_;
    const std::vector<float> ones_ = std::vector<float>(450, 1.0F);
    const std::vector<double> doubles_ = std::vector<double>(10);
};

Names paths(const milepost::ReportList<milepost::ReportItem>& list) {
    Names paths;
    for (const milepost::ReportItem& item : list.items)
        paths.push_back(item.path);
    return paths;
}

}  // namespace

TEST_CASE("partial load: what fits is taken, the rest stays and is reported") {
    const Other other;
    const milepost::Reader file = other.open();
    lenet::Buffer weights = weights_of_seed(0);
    lenet::Buffer fresh = weights;
    const milepost::LoadReport report = lenet::partial_load(file, "model", {}, weights);
    CHECK(paths(report.loaded) == Names{"model/module.conv1.weight", "model/module.conv1.bias"});
    CHECK(paths(report.missing) == Names{"model/conv2.weight", "model/conv2.bias", "model/fc1.weight",
                                         "model/fc1.bias", "model/fc2.weight", "model/fc2.bias"});
    CHECK(paths(report.unexpected) == Names{"model/module.fc4.bias"});
    REQUIRE(report.shape_mismatches.size() == 1);
    CHECK(report.shape_mismatches.items[0].file == milepost::Shape{5, 84});
    CHECK(report.shape_mismatches.items[0].live == milepost::Shape{10, 84});
    REQUIRE(report.dtype_mismatches.size() == 1);
    CHECK(report.dtype_mismatches.items[0].file == "f64");
    CHECK(lenet::part(weights, lenet::kParameters[lenet::kConv1Weight])[449] == 1.0F);
    for (std::size_t i = lenet::kConv2Weight; i < lenet::kParameterCount; ++i)
        CHECK(same(weights, fresh, static_cast<lenet::Parameter>(i)));
}

TEST_CASE("partial load: only the names that fit a pattern") {
    const Folder folder;
    lenet::Run run{.weights = weights_of_seed(1),
                   .optimizer = lenet::new_optimizer({}),
                   .scheduler = {},
                   .generator = lenet::Generator(1),
                   .order = {}};
    lenet::save_run(folder.file("from"), run);
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(folder.file("from")));
    lenet::Buffer weights = weights_of_seed(0);
    lenet::Buffer fresh = weights;
    const auto report = lenet::partial_load(file, "model", {"conv*", "fc3.bias"}, weights);
    CHECK(report.loaded.size() == 5);
    CHECK((report.missing.empty() && report.unexpected.empty()));
    for (std::size_t i = 0; i < lenet::kParameterCount; ++i) {
        const auto parameter = static_cast<lenet::Parameter>(i);
        const bool taken = i <= lenet::kConv2Bias || i == lenet::kFc3Bias;
        CAPTURE(i);
        CHECK(same(weights, taken ? run.weights : fresh, parameter));
    }
}

TEST_CASE("partial load: nothing that fits, no such model") {
    const Other other;
    const milepost::Reader file = other.open();
    lenet::Buffer weights = weights_of_seed(0);
    CHECK(says(failure_of([&] { lenet::partial_load(file, "model", {"fc2.*"}, weights); }),
               "no weight of model fits: missing"));
    CHECK(says(failure_of([&] { lenet::partial_load(file, "generator", {}, weights); }), "not_found/model"));
    CHECK(weights == weights_of_seed(0));
}
