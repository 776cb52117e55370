// The functions that docs/guide.md shows, called as its reader would.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

#include "guide_snippets.inc"

Net filled(float value) {
    Net net;
    net.weight.assign(net.weight.size(), value);
    net.bias.assign(net.bias.size(), -value);
    return net;
}

bool same(const Net& a, const Net& b) {
    return a.weight == b.weight && a.bias == b.bias;
}

int failures = 0;

void check(bool holds, const char* what) {
    if (holds) return;
    std::printf("docs/guide.md: %s does not hold\n", what);
    ++failures;
}

void check_run() {
    Run run{filled(1), filled(2), {}, 3, 0.5};
    run.hyperparameters["lr"] = 0.001;
    run.hyperparameters["dampening"] = 0;
    check(save_run("run.milepost", run).has_value(), "save_run");
    Run loaded;
    check(load_run("run.milepost", loaded).has_value(), "load_run");
    check(same(loaded.net, run.net) && same(loaded.momentum, run.momentum),
          "what was saved is what was loaded");
    check(loaded.epoch == 3 && loaded.loss == 0.5, "epoch and loss");
    check(loaded.hyperparameters.find("dampening")->kind() == milepost::Kind::integer, "an int stays an int");
}

void check_several_models() {
    check(save_gan("gan.milepost", filled(3), filled(4)).has_value(), "save_gan");
    Net net;
    const auto report = warm_start("gan.milepost", net);
    check(report.has_value() && report->loaded.size() == 2 && report->missing.empty(), "warm_start");
    check(report.has_value() && report->unused_options.size() == 3, "what never applied is reported");
    check(same(net, filled(4)), "the discriminator was loaded");
}

void check_nested() {
    const Net saved = filled(5);
    milepost::Dict state_dict, args, model;
    for (const auto& [name, value] : saved.state_dict())
        state_dict.items.emplace_back(name, value);
    args.items.emplace_back("name", "linear");
    model.items.emplace_back("state_dict", state_dict);
    model.items.emplace_back("args", args);
    milepost::Checkpoint checkpoint;
    checkpoint.values()["model"] = model;
    check(milepost::save("nested.milepost", checkpoint).has_value(), "saving a nested model");
    Net net;
    const auto name = load_nested("nested.milepost", net);
    check(name.has_value() && *name == "linear" && same(net, saved), "load_nested");
}

void check_loading_at_once() {
    const Run run{filled(1), filled(2), {}, 3, 0.5};
    check(save_run("run.milepost", run).has_value(), "saving a run");
    const auto sum = sum_of_losses({"run.milepost", "run.milepost"});
    check(sum.has_value() && *sum == 1, "the sum of losses");
    std::map<std::string, std::vector<std::byte>> memory;
    const auto file = milepost::Reader::open("run.milepost");
    check(file.has_value() && read_model(*file, memory).has_value(), "read_model");
    check(memory.size() == 2 && std::memcmp(memory["fc3.bias"].data(), run.net.bias.data(), 40) == 0,
          "the bytes of read_model");
}

/// A file of somebody else: other names, another head.
void check_warm_start() {
    const std::vector<float> bias(10, 5), head(3);
    milepost::Checkpoint checkpoint;
    milepost::StateDict& model = checkpoint.model("discriminator");
    model["module.classifier.weight"] = milepost::TensorView::of(std::span(head), {3});
    model["module.classifier.bias"] = milepost::TensorView::of(std::span(bias), {10});
    model["module.backbone"] = milepost::TensorView::of(std::span(head), {3});
    check(milepost::save("other.milepost", checkpoint).has_value(), "saving another model");
    Net net = filled(1);
    const auto report = warm_start("other.milepost", net);
    check(report.has_value() && report->loaded.size() == 1 && report->shape_mismatches.size() == 1 &&
              report->unexpected.empty(),
          "the report of warm_start");
    check(net.bias == bias && net.weight == filled(1).weight, "what fits is loaded, the rest stays");
}

void check_background() {
    Run run;
    run.net = filled(4);
    milepost::AsyncSaver saver;
    check(train_and_save(run, saver).has_value(), "saving in the background");
    const auto file = milepost::Reader::open("run.milepost");
    check(file.has_value() && file->get<std::int64_t>("epoch").value_or(0) == 2, "the last save is in place");
}

void check_folder() {
    Net net, continued;
    check(train_in_folder("runs/one", net, 4).has_value(), "training in a folder");
    check(train_in_folder("runs/one", continued, 6).has_value() && continued.weight[0] == 6,
          "training that continues");
    const auto checkpoints = milepost::Run::open("runs/one")->checkpoints();
    check(checkpoints.has_value() && checkpoints->size() == 3 && checkpoints->front().number == 6 &&
              checkpoints->front().step == 6,
          "each save is a file, and the newest are kept");
}

}  // namespace

int main() {
    std::filesystem::remove_all("runs");  // of the last time
    check_run();
    check_folder();
    check_several_models();
    check_warm_start();
    check_nested();
    check_background();
    check_loading_at_once();
    return failures == 0 ? 0 : 1;
}
