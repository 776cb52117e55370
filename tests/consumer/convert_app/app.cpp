// A stranger's program: it writes an archive of NumPy and reads it, with the public headers alone.

#include <iostream>
#include <span>
#include <vector>

#include <milepost/convert.hpp>
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
    auto exported = milepost::export_file("app.npz", checkpoint, {.format = milepost::FileFormat::npz});
    if (!exported) return fail(exported.error());

    auto imported = milepost::import_file("app.npz");
    if (!imported) return fail(imported.error());
    const milepost::Value* weight = imported->checkpoint.model("model").find("fc.weight");
    const auto* tensor = weight ? weight->get_if<milepost::TensorView>() : nullptr;
    if (!tensor) return std::cerr << "fc.weight is not there\n", 1;
    auto loaded = tensor->as<float>();
    if (!loaded) return fail(loaded.error());

    const bool equal = std::vector(loaded->begin(), loaded->end()) == weights;
    std::cout << (equal ? "whole" : "damaged") << ", milepost " << MILEPOST_VERSION << '\n';
    return equal ? 0 : 1;
}
