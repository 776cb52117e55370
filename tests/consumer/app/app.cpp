// A stranger's program: it knows the public headers and nothing of this project's build.

#include <iostream>
#include <span>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

int fail(const milepost::Error& error) {
    std::cerr << error.to_string() << '\n';
    return 1;
}

}  // namespace

int main() {
    const std::vector<float> weights = {0.5F, -0.0F, 3.0F, 4.0F, 5.0F, 6.0F};
    milepost::Checkpoint checkpoint;
    checkpoint.model("model")["fc.weight"] = milepost::TensorView::of(std::span(weights), {2, 3});
    checkpoint.values()["epoch"] = 3;
    if (auto saved = milepost::save("app.milepost", checkpoint, {.codec = milepost::Codec::zstd}); !saved) {
        return fail(saved.error());
    }

    auto file = milepost::Reader::open("app.milepost");
    if (!file) return fail(file.error());
    auto weight = file->tensor("model", "fc.weight");
    if (!weight) return fail(weight.error());
    auto loaded = weight->as<float>();
    if (!loaded) return fail(loaded.error());
    auto report = milepost::verify(*file);
    if (!report) return fail(report.error());

    const bool equal = std::vector(loaded->begin(), loaded->end()) == weights;
    std::cout << (equal && report->ok() ? "whole" : "damaged") << ", milepost " << MILEPOST_VERSION << '\n';
    return equal && report->ok() ? 0 : 1;
}
