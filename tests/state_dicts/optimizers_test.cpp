#include <array>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "core/canonical_key.hpp"
#include "core/integer.hpp"
#include "state_dicts/round_trip.hpp"

// One example of each optimizer of PyTorch, with its hyperparameters in the order and with the types in which
// PyTorch writes them, and its state after some steps on a parameter [3, 2] and a parameter [3].
namespace {

using namespace milepost;
using milepost::state_dicts::check_round_trip;

using Items = std::initializer_list<Entries::Item>;

Tuple tuple(std::vector<Value> items) {
    return Tuple{std::move(items)};
}

/// A tensor of that shape whose first element is `number`: no two of different numbers share memory.
TensorView floats(std::size_t number, Shape shape) {
    static const std::vector<float> memory = [] {
        std::vector<float> made(4096);
        std::iota(made.begin(), made.end(), 0.0F);
        return made;
    }();
    std::size_t count = 1;
    for (const std::uint64_t size : shape)
        count *= static_cast<std::size_t>(size);
    return TensorView::of(std::span(memory).subspan(number * 8, count), std::move(shape));
}

/// Shape of parameter 0 and of parameter 1.
const std::array<Shape, 2> kShapes = {Shape{3, 2}, Shape{3}};

void add(Entries& entries, Items items) {
    for (const auto& [name, value] : items)
        REQUIRE(entries.add(name, value));
}

OptimizerState optimizer(std::string algorithm, Items hyperparameters) {
    OptimizerState made;
    made.algorithm = std::move(algorithm);
    ParamGroup& group = made.param_groups.emplace_back();
    add(group.hyperparameters, hyperparameters);
    group.params = {0, 1};
    return made;
}

/// `step`, a tensor of rank 0, and then a tensor of the parameter's shape for each name, for both parameters.
void add_state(OptimizerState& optimizer, std::initializer_list<const char*> names, bool step = true) {
    std::size_t number = 1;
    for (std::size_t param = 0; param < kShapes.size(); ++param) {
        Entries& state = optimizer.state[param];
        if (step) state["step"] = floats(number++, {});
        for (const char* name : names)
            state[name] = floats(number++, kShapes[param]);
    }
}

/// The value as Python shows it: 0, 0.0, False and None are four texts.
std::string text_of(const Value& value) {
    if (value.is_null()) return "None";
    if (const auto* flag = value.get_if<bool>()) return *flag ? "True" : "False";
    if (const auto* number = value.get_if<Integer>()) return core::integer_text(number->bytes);
    if (const auto* number = value.get_if<double>()) return core::float_text(*number);
    if (const auto* text = value.get_if<String>()) return "'" + text->text + "'";
    if (const auto* held = value.get_if<TensorView>()) {
        std::string text = std::string(held->dtype().name) + "[";
        for (std::size_t i = 0; i < held->rank(); ++i)
            text += (i == 0 ? "" : ",") + std::to_string(held->shape()[i]);
        return text + "]";
    }
    const auto* tuple = value.get_if<Tuple>();
    const auto* list = value.get_if<List>();
    if (tuple == nullptr && list == nullptr) return "?";
    std::string text = tuple != nullptr ? "(" : "[";
    for (const Value& item : tuple != nullptr ? tuple->items : list->items)
        text += (text.size() == 1 ? "" : ", ") + text_of(item);
    return text + (tuple != nullptr ? ")" : "]");
}

std::string text_of(const Entries& entries) {
    std::string text;
    for (const auto& [name, value] : entries)
        text += (text.empty() ? "" : ", ") + name + " " + text_of(value);
    return text;
}

/// Saves and loads it; returns what was loaded as text: the hyperparameters of group 0, then the state.
struct StringTable {
    std::string hyperparameters;
    std::vector<std::string> state;
};

StringTable loaded_texts(const OptimizerState& given) {
    Checkpoint checkpoint;
    checkpoint.optimizer("optimizer") = given;
    const Reader reader = check_round_trip(checkpoint);
    const auto loaded = reader.optimizer("optimizer");
    REQUIRE(loaded);
    CHECK(loaded->algorithm == given.algorithm);
    StringTable texts{text_of(loaded->param_groups.at(0).hyperparameters), {}};
    for (const auto& [index, entries] : loaded->state)
        texts.state.push_back(std::to_string(index) + ": " + text_of(entries));
    return texts;
}

constexpr const char* kAdam =
    "lr 0.001, betas (0.9, 0.999), eps 1e-08, weight_decay 0, amsgrad False, maximize False, foreach None, "
    "capturable False, differentiable False, fused None, decoupled_weight_decay False";

OptimizerState adam(std::string algorithm, Value weight_decay, bool amsgrad, bool decoupled) {
    return optimizer(std::move(algorithm), {{"lr", 0.001},
                                            {"betas", tuple({0.9, 0.999})},
                                            {"eps", 1e-8},
                                            {"weight_decay", std::move(weight_decay)},
                                            {"amsgrad", amsgrad},
                                            {"maximize", false},
                                            {"foreach", nullptr},
                                            {"capturable", false},
                                            {"differentiable", false},
                                            {"fused", nullptr},
                                            {"decoupled_weight_decay", decoupled}});
}

OptimizerState sgd(Value lr, Value momentum) {
    return optimizer("SGD", {{"lr", std::move(lr)},
                             {"momentum", std::move(momentum)},
                             {"dampening", 0},
                             {"weight_decay", 0},
                             {"nesterov", false},
                             {"maximize", false},
                             {"foreach", nullptr},
                             {"differentiable", false},
                             {"fused", nullptr}});
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("optimizers: SGD without momentum has no state") {
    const StringTable texts = loaded_texts(sgd(0.001, 0));
    CHECK(texts.hyperparameters ==
          "lr 0.001, momentum 0, dampening 0, weight_decay 0, nesterov False, maximize False, foreach None, "
          "differentiable False, fused None");
    CHECK(texts.state.empty());
}

TEST_CASE("optimizers: SGD with momentum; None for a buffer in old files; a parameter without a gradient") {
    OptimizerState given = sgd(0.001, 0.9);
    given.param_groups[0].params = {0, 1, 2};
    given.state[0]["momentum_buffer"] = floats(0, kShapes[0]);
    given.state[2]["momentum_buffer"] = nullptr;
    const StringTable texts = loaded_texts(given);
    CHECK(texts.state == Lines{"0: momentum_buffer f32[3,2]", "2: momentum_buffer None"});
}

TEST_CASE("optimizers: a learning rate may be a tensor, of rank 0 or 1") {
    CHECK(loaded_texts(sgd(floats(3, {}), 0)).hyperparameters.substr(0, 8) == "lr f32[]");
    CHECK(loaded_texts(sgd(floats(3, {1}), 0)).hyperparameters.substr(0, 9) == "lr f32[1]");
}

TEST_CASE("optimizers: Adam, before the first step and after") {
    OptimizerState given = adam("Adam", 0, false, false);
    CHECK(loaded_texts(given).state.empty());
    add_state(given, {"exp_avg", "exp_avg_sq"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters == kAdam);
    CHECK(texts.state == Lines{"0: step f32[], exp_avg f32[3,2], exp_avg_sq f32[3,2]",
                               "1: step f32[], exp_avg f32[3], exp_avg_sq f32[3]"});
}

TEST_CASE("optimizers: Adam with amsgrad and betas of tensors") {
    OptimizerState given = adam("Adam", 0, true, false);
    given.param_groups[0].hyperparameters["betas"] = tuple({floats(50, {}), floats(51, {})});
    add_state(given, {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters.find("betas (f32[], f32[]), eps") != std::string::npos);
    CHECK(texts.state[1] == "1: step f32[], exp_avg f32[3], exp_avg_sq f32[3], max_exp_avg_sq f32[3]");
}

TEST_CASE("optimizers: AdamW") {
    OptimizerState given = adam("AdamW", 0.01, false, true);
    add_state(given, {"exp_avg", "exp_avg_sq"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.001, betas (0.9, 0.999), eps 1e-08, weight_decay 0.01, amsgrad False, maximize False, "
          "foreach None, capturable False, differentiable False, fused None, decoupled_weight_decay True");
    CHECK(texts.state.size() == 2);
}

TEST_CASE("optimizers: SparseAdam counts its steps in an int") {
    OptimizerState given = optimizer(
        "SparseAdam", {{"lr", 0.001}, {"betas", tuple({0.9, 0.999})}, {"eps", 1e-8}, {"maximize", false}});
    given.state[0]["step"] = 12;
    given.state[0]["exp_avg"] = floats(1, kShapes[0]);
    given.state[0]["exp_avg_sq"] = floats(2, kShapes[0]);
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters == "lr 0.001, betas (0.9, 0.999), eps 1e-08, maximize False");
    CHECK(texts.state == Lines{"0: step 12, exp_avg f32[3,2], exp_avg_sq f32[3,2]"});
}

TEST_CASE("optimizers: Adadelta") {
    OptimizerState given = optimizer("Adadelta", {{"lr", 1.0},
                                                  {"rho", 0.9},
                                                  {"eps", 1e-6},
                                                  {"weight_decay", 0},
                                                  {"maximize", false},
                                                  {"capturable", false},
                                                  {"foreach", nullptr},
                                                  {"differentiable", false}});
    add_state(given, {"square_avg", "acc_delta"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 1.0, rho 0.9, eps 1e-06, weight_decay 0, maximize False, capturable False, foreach None, "
          "differentiable False");
    CHECK(texts.state[0] == "0: step f32[], square_avg f32[3,2], acc_delta f32[3,2]");
}

TEST_CASE("optimizers: Adafactor keeps rows and columns of matrices") {
    OptimizerState given = optimizer("Adafactor", {{"lr", 0.01},
                                                   {"beta2_decay", -0.8},
                                                   {"eps", tuple({nullptr, 0.001})},
                                                   {"d", 1.0},
                                                   {"weight_decay", 0.0},
                                                   {"foreach", nullptr},
                                                   {"maximize", false}});
    given.state[0]["step"] = floats(1, {});
    given.state[0]["row_var"] = floats(2, {3, 1});
    given.state[0]["col_var"] = floats(3, {1, 2});
    given.state[1]["step"] = floats(4, {});
    given.state[1]["variance"] = floats(5, {3});
    const StringTable texts = loaded_texts(given);
    CHECK(
        texts.hyperparameters ==
        "lr 0.01, beta2_decay -0.8, eps (None, 0.001), d 1.0, weight_decay 0.0, foreach None, maximize False");
    CHECK(texts.state ==
          Lines{"0: step f32[], row_var f32[3,1], col_var f32[1,2]", "1: step f32[], variance f32[3]"});
}

TEST_CASE("optimizers: Adagrad has its state before the first step") {
    OptimizerState given = optimizer("Adagrad", {{"lr", 0.01},
                                                 {"lr_decay", 0},
                                                 {"eps", 1e-10},
                                                 {"weight_decay", 0},
                                                 {"initial_accumulator_value", 0},
                                                 {"foreach", nullptr},
                                                 {"maximize", false},
                                                 {"differentiable", false},
                                                 {"fused", nullptr}});
    add_state(given, {"sum"});
    given.state[0]["step"] = floats(0, {});  // 0.0
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.01, lr_decay 0, eps 1e-10, weight_decay 0, initial_accumulator_value 0, foreach None, "
          "maximize False, differentiable False, fused None");
    CHECK(texts.state == Lines{"0: step f32[], sum f32[3,2]", "1: step f32[], sum f32[3]"});
}

TEST_CASE("optimizers: Adamax") {
    OptimizerState given = optimizer("Adamax", {{"lr", 0.002},
                                                {"betas", tuple({0.9, 0.999})},
                                                {"eps", 1e-8},
                                                {"weight_decay", 0},
                                                {"foreach", nullptr},
                                                {"maximize", false},
                                                {"differentiable", false},
                                                {"capturable", false}});
    add_state(given, {"exp_avg", "exp_inf"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.002, betas (0.9, 0.999), eps 1e-08, weight_decay 0, foreach None, maximize False, "
          "differentiable False, capturable False");
    CHECK(texts.state[1] == "1: step f32[], exp_avg f32[3], exp_inf f32[3]");
}

TEST_CASE("optimizers: ASGD") {
    OptimizerState given = optimizer("ASGD", {{"lr", 0.01},
                                              {"lambd", 0.0001},
                                              {"alpha", 0.75},
                                              {"t0", 1000000.0},
                                              {"weight_decay", 0},
                                              {"foreach", nullptr},
                                              {"maximize", false},
                                              {"differentiable", false},
                                              {"capturable", false}});
    add(given.state[0], {{"step", floats(1, {})},
                         {"eta", floats(2, {})},
                         {"mu", floats(3, {})},
                         {"ax", floats(4, kShapes[0])}});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.01, lambd 0.0001, alpha 0.75, t0 1000000.0, weight_decay 0, foreach None, maximize False, "
          "differentiable False, capturable False");
    CHECK(texts.state == Lines{"0: step f32[], eta f32[], mu f32[], ax f32[3,2]"});
}

TEST_CASE("optimizers: LBFGS has one state, with lists of tensors and None") {
    OptimizerState given = optimizer("LBFGS", {{"lr", 1},
                                               {"max_iter", 20},
                                               {"max_eval", 25},
                                               {"tolerance_grad", 1e-7},
                                               {"tolerance_change", 1e-9},
                                               {"history_size", 100},
                                               {"line_search_fn", nullptr},
                                               {"maximize", false}});
    List al{std::vector<Value>(100)};
    al.items[0] = floats(1, {});
    al.items[1] = floats(2, {});
    add(given.state[0], {{"func_evals", 8},
                         {"n_iter", 6},
                         {"al", al},
                         {"d", floats(3, {9})},
                         {"t", 1},
                         {"old_dirs", List{{floats(5, {9}), floats(7, {9})}}},
                         {"old_stps", List{{floats(9, {9}), floats(11, {9})}}},
                         {"ro", List{{floats(13, {}), floats(14, {})}}},
                         {"H_diag", floats(15, {})},
                         {"prev_flat_grad", floats(16, {9})},
                         {"prev_loss", 0.25}});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 1, max_iter 20, max_eval 25, tolerance_grad 1e-07, tolerance_change 1e-09, history_size 100, "
          "line_search_fn None, maximize False");
    std::string nones;
    for (int i = 2; i < 100; ++i)
        nones += ", None";
    CHECK(texts.state == Lines{"0: func_evals 8, n_iter 6, al [f32[], f32[]" + nones +
                               "], d f32[9], t 1, old_dirs [f32[9], f32[9]], old_stps [f32[9], f32[9]], "
                               "ro [f32[], f32[]], H_diag f32[], prev_flat_grad f32[9], prev_loss 0.25"});
}

TEST_CASE("optimizers: Muon has a state for matrices alone") {
    OptimizerState given = optimizer("Muon", {{"lr", 0.001},
                                              {"weight_decay", 0.1},
                                              {"momentum", 0.95},
                                              {"nesterov", true},
                                              {"ns_coefficients", tuple({3.4445, -4.775, 2.0315})},
                                              {"eps", 1e-7},
                                              {"ns_steps", 5},
                                              {"adjust_lr_fn", nullptr}});
    given.state[0]["momentum_buffer"] = floats(1, kShapes[0]);
    const StringTable texts = loaded_texts(given);
    CHECK(
        texts.hyperparameters ==
        "lr 0.001, weight_decay 0.1, momentum 0.95, nesterov True, ns_coefficients (3.4445, -4.775, 2.0315), "
        "eps 1e-07, ns_steps 5, adjust_lr_fn None");
    CHECK(texts.state == Lines{"0: momentum_buffer f32[3,2]"});
}

TEST_CASE("optimizers: NAdam") {
    OptimizerState given = optimizer("NAdam", {{"lr", 0.002},
                                               {"betas", tuple({0.9, 0.999})},
                                               {"eps", 1e-8},
                                               {"weight_decay", 0},
                                               {"momentum_decay", 0.004},
                                               {"decoupled_weight_decay", false},
                                               {"maximize", false},
                                               {"foreach", nullptr},
                                               {"capturable", false},
                                               {"differentiable", false}});
    add(given.state[1], {{"step", floats(1, {})},
                         {"mu_product", floats(2, {})},
                         {"exp_avg", floats(3, kShapes[1])},
                         {"exp_avg_sq", floats(4, kShapes[1])}});
    const StringTable texts = loaded_texts(given);
    CHECK(
        texts.hyperparameters ==
        "lr 0.002, betas (0.9, 0.999), eps 1e-08, weight_decay 0, momentum_decay 0.004, "
        "decoupled_weight_decay False, maximize False, foreach None, capturable False, differentiable False");
    CHECK(texts.state == Lines{"1: step f32[], mu_product f32[], exp_avg f32[3], exp_avg_sq f32[3]"});
}

TEST_CASE("optimizers: RAdam") {
    OptimizerState given = optimizer("RAdam", {{"lr", 0.001},
                                               {"betas", tuple({0.9, 0.999})},
                                               {"eps", 1e-8},
                                               {"weight_decay", 0},
                                               {"maximize", false},
                                               {"foreach", nullptr},
                                               {"capturable", false},
                                               {"decoupled_weight_decay", false},
                                               {"differentiable", false}});
    add_state(given, {"exp_avg", "exp_avg_sq"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.001, betas (0.9, 0.999), eps 1e-08, weight_decay 0, maximize False, foreach None, "
          "capturable False, decoupled_weight_decay False, differentiable False");
    CHECK(texts.state[0] == "0: step f32[], exp_avg f32[3,2], exp_avg_sq f32[3,2]");
}

TEST_CASE("optimizers: RMSprop with momentum, centered") {
    OptimizerState given = optimizer("RMSprop", {{"lr", 0.01},
                                                 {"momentum", 0.9},
                                                 {"alpha", 0.99},
                                                 {"eps", 1e-8},
                                                 {"centered", true},
                                                 {"weight_decay", 0},
                                                 {"capturable", false},
                                                 {"foreach", nullptr},
                                                 {"maximize", false},
                                                 {"differentiable", false}});
    add_state(given, {"square_avg", "momentum_buffer", "grad_avg"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.01, momentum 0.9, alpha 0.99, eps 1e-08, centered True, weight_decay 0, capturable False, "
          "foreach None, maximize False, differentiable False");
    CHECK(texts.state[1] == "1: step f32[], square_avg f32[3], momentum_buffer f32[3], grad_avg f32[3]");
}

TEST_CASE("optimizers: Rprop") {
    OptimizerState given = optimizer("Rprop", {{"lr", 0.01},
                                               {"etas", tuple({0.5, 1.2})},
                                               {"step_sizes", tuple({1e-6, 50})},
                                               {"foreach", nullptr},
                                               {"maximize", false},
                                               {"differentiable", false},
                                               {"capturable", false}});
    add_state(given, {"prev", "step_size"});
    const StringTable texts = loaded_texts(given);
    CHECK(texts.hyperparameters ==
          "lr 0.01, etas (0.5, 1.2), step_sizes (1e-06, 50), foreach None, maximize False, "
          "differentiable False, capturable False");
    CHECK(texts.state[0] == "0: step f32[], prev f32[3,2], step_size f32[3,2]");
}
