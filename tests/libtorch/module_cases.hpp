#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "fake_device.hpp"
#include "support.hpp"

namespace libtorch_test {

inline std::vector<std::string> names_of(const milepost::Entries& entries) {
    std::vector<std::string> names;
    for (const auto& [name, value] : entries)
        names.push_back(name);
    return names;
}

/// One weight under two names, as of an embedding and the head of a language model, and one whose memory is a
/// transposed part of a larger storage.
struct TiedImpl : torch::nn::Module {
    explicit TiedImpl(float value) : base(torch::full({8, 6}, value)) {
        embedding = register_parameter("embedding", torch::full({5, 3}, value));
        head = register_parameter("head", embedding);
        strided = register_buffer("strided", base.t().slice(0, 1, 5, 2));
    }
    at::Tensor base, embedding, head, strided;
};
TORCH_MODULE(Tied);

}  // namespace libtorch_test

using namespace libtorch_test;

TEST_CASE("module: the state_dict has Python's order, roles and _metadata") {
    Net net;
    net->scale.set_requires_grad(false);
    const auto entries = ok(libtorch::state_dict(*net));
    CHECK(names_of(entries) == std::vector<std::string>{"unused", "scale", "first.weight", "first.bias",
                                                        "norm.weight", "norm.bias", "norm.running_mean",
                                                        "norm.running_var", "norm.num_batches_tracked",
                                                        "last.weight", "last.bias"});
    const auto* bias = entries.find("first.bias")->get_if<milepost::TensorView>();
    CHECK(bias->role() == milepost::Role::parameter);
    CHECK(bias->requires_grad());
    CHECK(bias->storage().bytes(0, 12)->data() == net->first->bias.const_data_ptr());
    CHECK_FALSE(entries.find("scale")->get_if<milepost::TensorView>()->requires_grad());
    CHECK(entries.find("norm.running_mean")->get_if<milepost::TensorView>()->role() ==
          milepost::Role::buffer);
    CHECK(
        milepost::to_string(entries.metadata) ==
        "OrderedDict({'': {'version': 1}, 'first': {'version': 1}, 'norm': {'version': 2}, 'last': {'version': 1}})");
}

TEST_CASE("module: what was saved is loaded, in place") {
    Net net = make_net(1), other = make_net(2);
    net->norm->running_mean.fill_(0.25);
    ok(libtorch::save(path_of("net.milepost"), {{"net", net}, {"shared", net.ptr()}, {"plain", *net}},
                      {.durable = false}));
    CHECK(open(path_of("net.milepost")).storages().size() == 11);
    for (const auto mode :
         {milepost::LoadMode::checked, milepost::LoadMode::staged, milepost::LoadMode::direct}) {
        Net fresh = make_net(3);
        const void* memory = fresh->first->weight.const_data_ptr();
        const auto version = fresh->first->weight._version();
        const auto report =
            ok(libtorch::load_into(open(path_of("net.milepost")), "net", *fresh, {.mode = mode}));
        CHECK(report.complete());
        CHECK(report.loaded.size() == 11);
        CHECK(fresh->first->weight.const_data_ptr() == memory);
        CHECK(fresh->first->weight._version() > version);
        CHECK(fresh->first->weight.requires_grad());
        CHECK(bits_of(fresh) == bits_of(net));
    }
    CHECK(bits_of(other) != bits_of(net));
}

TEST_CASE("module: autograd notices that a load changed what it saved for the backward pass") {
    Net net = make_net(1);
    ok(libtorch::save(path_of("version.milepost"), {{"net", net}}, {.durable = false}));
    const at::Tensor loss = (net->first->weight * net->first->weight).sum();
    ok(libtorch::load_into(open(path_of("version.milepost")), "net", *net));
    CHECK_THROWS_AS(loss.backward(), c10::Error);
}

TEST_CASE("module: tied and strided tensors are saved once, and loaded into tied and strided ones") {
    Tied tied(3), fresh(4);
    const auto entries = ok(libtorch::state_dict(*tied));
    CHECK(names_of(entries) == std::vector<std::string>{"embedding", "head", "strided"});
    ok(libtorch::save(path_of("tied-net.milepost"), {{"net", tied}}, {.durable = false}));
    CHECK(open(path_of("tied-net.milepost")).storages().size() == 2);
    ok(libtorch::load_into(open(path_of("tied-net.milepost")), "net", *fresh));
    CHECK(at::equal(fresh->head, torch::full({5, 3}, 3.0F)));
    CHECK(fresh->head.is_alias_of(fresh->embedding));
    CHECK(at::equal(fresh->strided, torch::full({2, 8}, 3.0F)));
    CHECK(fresh->base.sum().item<float>() == 3 * 16 + 4 * 32);
}

TEST_CASE("module: a load that fails has changed nothing") {
    Net net = make_net(1), live = make_net(2);
    ok(libtorch::save(path_of("other.milepost"), {{"net", net}}, {.durable = false}));
    const auto before = bits_of(live);
    const auto file = open(path_of("other.milepost"));
    refused(libtorch::load_into(file, "nothing", *live), Condition::model, "nothing");
    live->last->register_parameter("more", torch::zeros({1}));
    refused(libtorch::load_into(file, "net", *live), Condition::missing, "net/last.more");
    CHECK(libtorch::load_into(file, "net", *live, {.strict = false}).has_value());
    CHECK(at::equal(live->last->weight, net->last->weight));

    Net same = make_net(2);
    damage(path_of("other.milepost"), "net/last.bias");
    refused(libtorch::load_into(open(path_of("other.milepost")), "net", *same), Condition::chunk_checksum,
            "");
    CHECK(bits_of(same) == before);
    Net wider = make_net(2);
    wider->last->bias.set_data(torch::zeros({3}));
    const auto wide = bits_of(wider);
    refused(libtorch::load_into(file, "net", *wider), Condition::other_shape, "net/last.bias");
    CHECK(bits_of(wider) == wide);
}

TEST_CASE("module: dtypes are converted on request only") {
    Net net = make_net(1), half = make_net(2);
    half->to(at::kBFloat16);
    ok(libtorch::save(path_of("cast.milepost"), {{"net", net}}, {.durable = false}));
    refused(libtorch::load_into(open(path_of("cast.milepost")), "net", *half), Condition::other_dtype,
            "bf16");
    ok(libtorch::load_into(open(path_of("cast.milepost")), "net", *half, {.cast = true}));
    CHECK(at::equal(half->first->weight, net->first->weight.to(at::kBFloat16)));
}

TEST_CASE("module: what cannot be saved or loaded into is named") {
    Net net;
    refused(libtorch::save(path_of("x.milepost"), {{"net", std::shared_ptr<NetImpl>()}}),
            Condition::wrong_type, "net: the module is null");
    refused(libtorch::save(path_of("x.milepost"), {{"net", Net(nullptr)}}), Condition::wrong_type,
            "net: the module is null");
    refused(libtorch::save(path_of("x.milepost"), {{"a", net}, {"a", 1}}), Condition::save_name,
            "two parts are called 'a'");
    ok(libtorch::save(path_of("x.milepost"), {{"net", net}}, {.durable = false}));
    const auto file = open(path_of("x.milepost"));
    net->first->register_buffer("weight", torch::zeros({1}));
    refused(libtorch::state_dict(*net), Condition::save_name, "first.weight");
    refused(libtorch::load_into(file, "net", *net), Condition::option, "first.weight");
    torch::nn::Module meta("meta");
    meta.register_parameter("weight", torch::empty({2}, at::kMeta));
    refused(libtorch::save(path_of("x.milepost"), {{"net", meta}}), Condition::wrong_type, "net: weight: ");
    refused(libtorch::load_into(file, "net", meta), Condition::wrong_type,
            "weight: a tensor is on the meta device");
    Net expanded;
    expanded->last->bias.set_data(torch::zeros({1}).expand({2}));
    refused(libtorch::load_into(file, "net", *expanded), Condition::layout, "last.bias");
}

TEST_CASE("module: empty tensors, and holders of containers") {
    torch::nn::Sequential net(torch::nn::Linear(2, 3), torch::nn::BatchNorm1d(3));
    net->register_buffer("none", torch::empty({0, 4}));
    ok(libtorch::save(path_of("sequential.milepost"), {{"net", net}}, {.durable = false}));
    const auto report = ok(libtorch::load_into(open(path_of("sequential.milepost")), "net", *net));
    CHECK(report.loaded.size() == 8);
}

TEST_CASE("module: its parameters can be those of the mapped file") {
    Net net = make_net(1), live = make_net(2);
    ok(libtorch::save(path_of("in-place.milepost"), {{"net", net}}, {.durable = false}));
    {
        const auto file = open(path_of("in-place.milepost"));
        libtorch::TensorImporter importer;
        for (auto& item : live->named_parameters())
            item.value().set_data(ok(importer.tensor(ok(file.tensor("net", item.key())))));
    }
    CHECK(at::equal(live->last->bias, net->last->bias));
    torch::optim::SGD sgd(live->parameters(), 0.1);
    step_on(live, sgd, 0, 1);
    CHECK_FALSE(at::equal(live->last->bias, net->last->bias));
    CHECK(at::equal(ok(libtorch::tensor(ok(open(path_of("in-place.milepost")).tensor("net/last.bias")))),
                    net->last->bias));
}

TEST_CASE("module: parts and their order, and a checkpoint that outlives them") {
    milepost::Checkpoint kept;
    {
        Net net = make_net(1);
        torch::optim::SGD sgd(net->parameters(), torch::optim::SGDOptions(0.5).momentum(0.9));
        step_on(net, sgd, 0, 1);
        kept = ok(libtorch::checkpoint(
            {{"epoch", 3}, {"net", net}, {"sgd", sgd}, {"rng", torch::arange(4)}, {"note", "it"}}));
    }
    ok(milepost::save(path_of("parts.milepost"), kept, {.durable = false}));
    const auto file = open(path_of("parts.milepost"));
    CHECK(ok(file.checkpoint()).order() == std::vector<std::string>{"epoch", "net", "sgd", "rng", "note"});
    CHECK(ok(file.get<int>("epoch")) == 3);
    CHECK(ok(file.get<std::string>("note")) == "it");
    CHECK(at::equal(ok(libtorch::tensor(ok(file.tensor("rng")))), torch::arange(4)));
    CHECK(ok(file.get<double>("sgd/param_groups/0/momentum")) == 0.9);
}

TEST_CASE("module: tensors of another device are staged; what is not loaded stays") {
    const auto on_device = [](float value) {
        Tied module(value);
        module->embedding.set_requires_grad(false);
        const at::Tensor device = module->embedding.to(fake_device());
        // The parameters of a module that was moved; both names share one storage.
        auto moved = std::make_shared<torch::nn::Module>("moved");
        moved->register_parameter("embedding", device, false);
        moved->register_parameter("head", device, false);
        moved->register_buffer("other", torch::full({2}, value).to(fake_device()));
        return moved;
    };
    const auto saved = on_device(3), live = on_device(4);
    ok(libtorch::save(path_of("device.milepost"), {{"net", saved}}, {.durable = false}));
    const auto file = open(path_of("device.milepost"));
    CHECK(file.storages().size() == 2);
    const auto last = on_device(4);
    ok(libtorch::load_into(file, "net", *live, {.only = {"head"}}));
    ok(libtorch::load_into(file, "net", *last, {.only = {"embedding"}}));
    CHECK(at::equal(last->named_parameters()["head"].cpu(), torch::full({5, 3}, 3.0F)));
    CHECK(at::equal(live->named_parameters()["embedding"].cpu(), torch::full({5, 3}, 3.0F)));
    CHECK(at::equal(live->named_buffers()["other"].cpu(), torch::full({2}, 4.0F)));
    ok(libtorch::load_into(file, "net", *live));
    CHECK(at::equal(live->named_buffers()["other"].cpu(), torch::full({2}, 3.0F)));
    const FailingDevice failing;
    refused(libtorch::load_into(file, "net", *live), Condition::callback, "LibTorch: the device has failed");
}
