#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/instancenorm.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/libtorch/tensor.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>
#include <milepost/value.hpp>

/// Modules of LibTorch: their state_dict, and loading into them. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

template <class... Modules>
[[nodiscard]] bool is_any_of(const torch::nn::Module& module) {
    return ((dynamic_cast<const Modules*>(&module) != nullptr) || ...);
}

/// `_version` of the class in Python: 2 since these have num_batches_tracked; 1 for all others.
[[nodiscard]] inline int version_of(const torch::nn::Module& module) {
    using namespace torch::nn;
    return is_any_of<BatchNorm1dImpl, BatchNorm2dImpl, BatchNorm3dImpl, InstanceNorm1dImpl,
                     InstanceNorm2dImpl, InstanceNorm3dImpl>(module)
               ? 2
               : 1;
}

/// Calls `visit_module(path, module)` for the module and all below it, and `visit_tensor(name, tensor, role)`
/// for each entry of the state_dict, in the order of Python's: the parameters of a module, its buffers, its
/// children. Both return Result<void>. Module::named_parameters() has another order, and drops what is tied.
template <class VisitModule, class VisitTensor>
[[nodiscard]] Result<void> for_each_entry(const torch::nn::Module& module, const std::string& path,
                                          const VisitModule& visit_module, const VisitTensor& visit_tensor) {
    MILEPOST_TRY(visit_module(path, module));
    const std::string prefix = path.empty() ? std::string() : path + '.';
    for (const auto& item : module.named_parameters(/*recurse=*/false))
        MILEPOST_TRY(visit_tensor(prefix + item.key(), item.value(), Role::parameter));
    for (const auto& item : module.named_buffers(/*recurse=*/false))
        MILEPOST_TRY(visit_tensor(prefix + item.key(), item.value(), Role::buffer));
    for (const auto& item : module.named_children())
        MILEPOST_TRY(for_each_entry(*item.value(), prefix + item.key(), visit_module, visit_tensor));
    return {};
}

/// Live tensors as memory that a load writes to. Those on other devices than the CPU are copied to it, each
/// storage once, and copied back by finish().
class LiveTensors {
public:
    [[nodiscard]] Result<TensorSpan> span(const at::Tensor& tensor) {
        MILEPOST_TRY(check_plain(tensor));
        if (tensor.is_conj() || tensor.is_neg()) return wrong_tensor("is a conjugate or negative view");
        MILEPOST_TRY_ASSIGN(const DtypeInfo dtype, to_milepost(tensor.scalar_type()));
        MILEPOST_TRY_ASSIGN(auto layout, layout_of(tensor));
        const c10::Storage& storage = tensor.is_cpu() ? tensor.storage() : stage(tensor).storage();
        tensors_.push_back(tensor);
        return TensorSpan(dtype, std::move(layout.shape),
                          {static_cast<std::byte*>(storage.mutable_data()), storage.nbytes()}, layout.offset,
                          std::move(layout.strides));
    }

    /// After the load. Throws c10::Error if a device fails.
    void finish() {
        const c10::NoGradGuard no_grad;
        for (auto& [storage, copy] : staged_)
            copy.live.copy_(copy.host);
        // Autograd then notices that what it saved for a backward pass has changed.
        for (const at::Tensor& tensor : tensors_) {
            if (!tensor.is_inference()) tensor.unsafeGetTensorImpl()->bump_version();
        }
    }

private:
    // What is not loaded keeps its bytes, so these come to the CPU first.
    const at::Tensor& stage(const at::Tensor& tensor) {
        const auto* key = tensor.storage().unsafeGetStorageImpl();
        const auto found = staged_.find(key);
        if (found != staged_.end()) return found->second.host;
        const c10::NoGradGuard no_grad;
        at::Tensor live = storage_bytes(tensor);
        at::Tensor host = live.cpu();
        return staged_.emplace(key, Staged{std::move(live), std::move(host)}).first->second.host;
    }

    struct Staged {
        at::Tensor live, host;  // all bytes of a storage
    };
    std::map<const c10::StorageImpl*, Staged> staged_;
    std::vector<at::Tensor> tensors_;
};

}  // namespace detail
/// @endcond

/// The state_dict of a module, as Python's has it: in each module its parameters, then its buffers, then its
/// children, depth first; what is tied under each of its names; undefined ones left out. Each entry has its
/// role (parameter or buffer) and requires_grad. `_metadata` is {path: {"version": n}} for all modules: 2 for
/// BatchNorm and InstanceNorm, whose load_state_dict in Python depends on it, else 1, which is what Python
/// takes for granted. C++ knows neither buffers that are not persistent nor extra state.
///
///     auto entries = milepost::libtorch::state_dict(*net);
///     if (!entries) return entries.error();
///     checkpoint.model("model") = *entries;
///
/// The views share ownership of the tensors' memory, so they outlive the module, and see what it does to its
/// parameters: save them before the next step, or give them to AsyncSaver, which copies. With an exporter,
/// tensors on another device that several parts share are copied and saved once.
/// Threads: nothing else may write to the module meanwhile.
/// Errors: those of TensorExporter::view, led by the name of the entry; invalid_argument/save_name if two
/// entries of a module have one name.
///@{
[[nodiscard]] inline Result<StateDict> state_dict(const torch::nn::Module& module, TensorExporter& exporter) {
    return detail::guarded([&]() -> Result<StateDict> {
        StateDict entries;
        Dict metadata{{}, {}, DictSubtype::ordered_dict};
        const auto visit_module = [&](const std::string& path, const torch::nn::Module& visited) {
            metadata.items.emplace_back(path, Dict{{{"version", detail::version_of(visited)}}, {}});
            return Result<void>();
        };
        const auto visit_tensor = [&](const std::string& name, const at::Tensor& tensor,
                                      Role role) -> Result<void> {
            auto view = exporter.view(tensor);
            if (!view) return view.error().within(name);
            if (!entries.add(name, view->with_role(role, view->requires_grad())))
                return Error(Condition::save_name, "two entries of the module are called '" + name + "'");
            return {};
        };
        MILEPOST_TRY(detail::for_each_entry(module, "", visit_module, visit_tensor));
        entries.metadata = std::move(metadata);
        return entries;
    });
}
[[nodiscard]] inline Result<StateDict> state_dict(const torch::nn::Module& module) {
    TensorExporter exporter;
    return state_dict(module, exporter);
}
///@}

/// Loads a model of the file into a module: milepost::load_into with a ModelTarget of the module's parameters
/// and buffers, by their names in the state_dict. What is written there holds here: nothing has changed if
/// anything does not match or is damaged, unless `options` allow it.
///
///     auto report = milepost::libtorch::load_into(*file, "model", *net);
///     if (!report) return report.error();                          // and no parameter has changed
///
/// Bytes go from the file to the memory of the parameters; there is no copy between. The tensors themselves
/// stay: an optimizer of the module goes on with them. Tensors on another device are staged on the CPU,
/// which takes as much memory there as their storages, and copied to the device at the end: if the device
/// fails then, some of them may have been written.
/// Threads: nothing else may use the module meanwhile.
/// Errors: those of milepost::load_into; of TensorExporter::view, led by the name of the entry, for tensors
/// of the module that cannot be written (meta, sparse, conjugate views, ...); invalid_argument/callback for
/// what LibTorch throws.
[[nodiscard]] inline Result<LoadReport> load_into(const Reader& reader, std::string_view model,
                                                  torch::nn::Module& module,
                                                  const LoadOptions& options = {}) {
    return detail::guarded([&]() -> Result<LoadReport> {
        detail::LiveTensors live;
        ModelTarget target;
        const auto visit_module = [](const std::string&, const torch::nn::Module&) { return Result<void>(); };
        const auto visit_tensor = [&](const std::string& name, const at::Tensor& tensor,
                                      Role) -> Result<void> {
            auto span = live.span(tensor);
            if (!span) return span.error().within(name);
            target.tensor(name, *std::move(span));
            return {};
        };
        MILEPOST_TRY(detail::for_each_entry(module, "", visit_module, visit_tensor));
        auto report = milepost::load_into(reader, model, target, options);
        if (report) live.finish();
        return report;
    });
}

}  // namespace milepost::libtorch
