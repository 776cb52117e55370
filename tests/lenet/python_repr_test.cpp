#include "python_repr.hpp"

#include <doctest/doctest.h>

#include <milepost/checkpoint.hpp>
#include <milepost/tensor.hpp>

// What Python 3.12 prints for the same values.

TEST_CASE("repr: shapes") {
    CHECK(lenet::python_repr(milepost::Shape{6, 3, 5, 5}) == "torch.Size([6, 3, 5, 5])");
    CHECK(lenet::python_repr(milepost::Shape{}) == "torch.Size([])");
}

TEST_CASE("repr: an optimizer, its groups with keys where they were found") {
    milepost::OptimizerState optimizer;
    CHECK(lenet::python_repr_state(optimizer) == "{}");
    CHECK(lenet::python_repr_groups(optimizer) == "[]");
    milepost::ParamGroup& group = optimizer.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.1;
    group.hyperparameters["momentum"] = 0;
    group.params = {0, 2};
    CHECK(lenet::python_repr_groups(optimizer) == "[{'lr': 0.1, 'momentum': 0, 'params': [0, 2]}]");
    group.param_names = {"a", "b"};
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'lr': 0.1, 'momentum': 0, 'param_names': ['a', 'b'], 'params': [0, 2]}]");
    group.param_names_position = 1;
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'lr': 0.1, 'param_names': ['a', 'b'], 'momentum': 0, 'params': [0, 2]}]");
    group.params_position = 0;
    CHECK(lenet::python_repr_groups(optimizer) ==
          "[{'params': [0, 2], 'param_names': ['a', 'b'], 'lr': 0.1, 'momentum': 0}]");
    optimizer.state[2]["step"] = 3;
    optimizer.state[0]["step"] = 1.5;
    optimizer.state_extra["x"] = true;
    CHECK(lenet::python_repr_state(optimizer) == "{0: {'step': 1.5}, 2: {'step': 3}, 'x': True}");
}

TEST_CASE("repr: an optimizer whose parameters are keyed by names") {
    milepost::OptimizerState optimizer;
    optimizer.param_groups.emplace_back().params = {1, 0};
    optimizer.param_keys = {"fc.weight", "fc.bias"};
    optimizer.state[0]["step"] = 3;
    CHECK(lenet::python_repr_groups(optimizer) == "[{'params': ['fc.bias', 'fc.weight']}]");
    CHECK(lenet::python_repr_state(optimizer) == "{'fc.weight': {'step': 3}}");
}
