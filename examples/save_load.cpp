/// Saves a model of two tensors, and loads it again into the memory of a live one.
///
///     save_load [FILE]

#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

struct Linear {
    std::vector<float> weight = std::vector<float>(2 * 3);
    std::vector<float> bias = std::vector<float>(2);
};

milepost::Result<void> save_model(const std::string& path, const Linear& net) {
    milepost::Checkpoint checkpoint;  // views of the tensors: nothing is copied
    milepost::StateDict& model = checkpoint.model("model");
    model["weight"] = milepost::TensorView::of(std::span(net.weight), {2, 3});
    model["bias"] = milepost::TensorView::of(std::span(net.bias), {2});
    return milepost::save(path, checkpoint);  // afterwards the path has the whole new file, or the old one
}

milepost::Result<void> load_model(const std::string& path, Linear& net) {
    auto file = milepost::Reader::open(path);
    if (!file) return file.error();
    milepost::ModelTarget live;
    live.tensor("weight", net.weight, {2, 3});
    live.tensor("bias", net.bias, {2});
    auto report = milepost::load_into(*file, "model", live);  // names, shapes, dtypes, checksums are compared
    if (!report) return report.error();                       // and then no tensor has changed
    return {};
}

int fail(const milepost::Error& error) {
    std::fprintf(stderr, "save_load: %s\n", error.to_string().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string path = argc > 1 ? argv[1] : "linear.milepost";
    const Linear net{{1, 2, 3, 4, 5, 6}, {0.5F, -0.5F}};
    if (auto saved = save_model(path, net); !saved) return fail(saved.error());
    Linear loaded;
    if (auto done = load_model(path, loaded); !done) return fail(done.error());
    const bool equal = loaded.weight == net.weight && loaded.bias == net.bias;
    std::printf("%s: %s\n", path.c_str(), equal ? "what was saved is what was loaded" : "the model differs");
    return equal ? 0 : 1;
}
