#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ATen/ATen.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/optim.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/value.hpp>
#include <milepost/writer.hpp>

// IWYU pragma: begin_exports
#include <milepost/libtorch/module.hpp>
#include <milepost/libtorch/optimizer.hpp>
#include <milepost/libtorch/tensor.hpp>
// IWYU pragma: end_exports

/// Milepost for programs on LibTorch, the C++ interface of PyTorch (2.8 or newer). A header that
/// <milepost/milepost.hpp> does not include, and that the library is built without: a program that includes
/// it brings LibTorch's headers and libraries itself.
///
///     auto saved = milepost::libtorch::save("run.milepost", {{"model", net}, {"optimizer", adam}, {"epoch",
///     3}});
///
///     auto file = milepost::Reader::open("run.milepost");
///     auto model = milepost::libtorch::load_into(*file, "model", *net);
///     auto optimizer = milepost::libtorch::load_into(*file, "optimizer", adam);
///
/// Python, by its package milepost, reads the same models and optimizers, and these functions read Python's.
/// Errors are Results as everywhere in Milepost. What LibTorch throws (c10::Error) becomes
/// invalid_argument/callback with LibTorch's message, a lack of memory io_error/out_of_memory: nothing passes
/// through these functions as an exception.
namespace milepost::libtorch {

/// A named part of a checkpoint: a module, an optimizer, a tensor, or any other value. It borrows modules and
/// optimizers for the call that it is an argument of.
class Part {
public:
    /// Modules as they are, as std::shared_ptr and as ModuleHolder (torch::nn::Linear and the like).
    ///@{
    Part(std::string_view name, const torch::nn::Module& module) : name_(name), content_(&module) {}
    template <std::derived_from<torch::nn::Module> Module>
    Part(std::string_view name, const std::shared_ptr<Module>& module)
        : name_(name), content_(static_cast<const torch::nn::Module*>(module.get())) {}
    template <class Module>
    Part(std::string_view name, const torch::nn::ModuleHolder<Module>& module)
        : Part(name, module.is_empty() ? std::shared_ptr<Module>() : module.ptr()) {}
    ///@}
    /// An optimizer of one of LibTorch's classes.
    Part(std::string_view name, const torch::optim::Optimizer& optimizer)
        : name_(name), content_(&optimizer) {}
    /// A value of the top level.
    ///@{
    Part(std::string_view name, at::Tensor tensor) : name_(name), content_(std::move(tensor)) {}
    Part(std::string_view name, Value value) : name_(name), content_(std::move(value)) {}
    ///@}

    /// What the checkpoint calls it.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Adds it to the checkpoint. Errors: those of checkpoint().
    [[nodiscard]] Result<void> add_to(Checkpoint& checkpoint, TensorExporter& exporter) const {
        auto added =
            std::visit([&](const auto& content) { return add(checkpoint, exporter, content); }, content_);
        if (!added) return added.error().within(name_);
        return added;
    }

private:
    Result<void> add(Checkpoint& to, TensorExporter& exporter, const torch::nn::Module* module) const {
        if (module == nullptr) return Error(Condition::wrong_type, "the module is null");
        MILEPOST_TRY_ASSIGN(to.model(name_), state_dict(*module, exporter));
        return {};
    }
    Result<void> add(Checkpoint& to, TensorExporter& exporter,
                     const torch::optim::Optimizer* optimizer) const {
        MILEPOST_TRY_ASSIGN(to.optimizer(name_), state_dict(*optimizer, exporter));
        return {};
    }
    Result<void> add(Checkpoint& to, TensorExporter& exporter, const at::Tensor& tensor) const {
        MILEPOST_TRY_ASSIGN(to.values()[name_], exporter.view(tensor));
        return {};
    }
    Result<void> add(Checkpoint& to, TensorExporter& /*exporter*/, const Value& value) const {
        to.values()[name_] = value;
        return {};
    }

    std::string name_;
    std::variant<const torch::nn::Module*, const torch::optim::Optimizer*, at::Tensor, Value> content_;
};

/// The parts as a checkpoint, in their order: for AsyncSaver, a Sink, or parts of another kind beside them.
///
///     auto checkpoint = milepost::libtorch::checkpoint({{"model", net}, {"epoch", 3}});
///     if (!checkpoint) return checkpoint.error();
///     auto pending = saver.save_async("run.milepost", *checkpoint);
///
/// It needs the parts no longer: tensors share ownership of the memory of the live ones, see state_dict.
/// Tensors that share a storage, also those of different parts, are saved once.
/// Errors, led by the name of the part: those of state_dict and TensorExporter::view;
/// invalid_argument/wrong_type for a module that is null; /save_name if two parts have one name.
[[nodiscard]] inline Result<Checkpoint> checkpoint(std::initializer_list<Part> parts) {
    return detail::guarded([&]() -> Result<Checkpoint> {
        Checkpoint result;
        TensorExporter exporter;
        std::vector<std::string> order;
        for (const Part& part : parts) {
            for (const std::string& name : order) {
                if (name == part.name())
                    return Error(Condition::save_name, "two parts are called '" + name + "'");
            }
            MILEPOST_TRY(part.add_to(result, exporter));
            order.push_back(part.name());
        }
        result.set_order(std::move(order));
        return result;
    });
}

/// Saves modules, optimizers, tensors and values in one file: milepost::save of checkpoint(parts).
///
///     auto saved = milepost::libtorch::save("run.milepost",
///                                           {{"model", net}, {"optimizer", adam}, {"epoch", epoch}, {"loss",
///                                           0.25}},
///                                           {.keep_previous = true});
///     if (!saved) return saved.error();                            // and the old file is as it was
///
/// Tensors on the CPU are written from where they are. Errors: those of checkpoint() and milepost::save.
[[nodiscard]] inline Result<void> save(const std::string& path, std::initializer_list<Part> parts,
                                       const SaveOptions& options = {}) {
    MILEPOST_TRY_ASSIGN(const Checkpoint all, checkpoint(parts));
    return milepost::save(path, all, options);
}

}  // namespace milepost::libtorch
