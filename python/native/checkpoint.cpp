#include "checkpoint.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <milepost/milepost.hpp>

#include "callables.hpp"
#include "encode.hpp"
#include "error.hpp"
#include "interruptible.hpp"
#include "options.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

/// What is to be saved, and the Python objects whose memory it borrows. Threads: one at a time. A call during
/// another one, which a hook or another thread makes, is an error: neither the GIL nor a lock of the object
/// lasts through a call, since hooks are Python and saving releases it.
class Contents {
public:
    /// A call, as long as it lasts.
    class Use {
    public:
        explicit Use(const Contents& contents) : contents_(contents) {
            if (contents.is_used_.test_and_set())
                raise(Condition::option, "a checkpoint that is in use, by another thread or a hook");
        }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        ~Use() { contents_.is_used_.clear(); }

        [[nodiscard]] const Checkpoint& checkpoint() const noexcept { return contents_.checkpoint_; }

    private:
        const Contents& contents_;
    };

    explicit Contents(nb::object hook) : encoder_(std::move(hook)) {}

    void add_model(const std::string& name, nb::handle items, nb::handle metadata) {
        const Use use(*this);
        StateDict model{encoder_.entries(name, items), encoder_.value(name + "/_metadata", metadata)};
        checkpoint_.model(name) = std::move(model);
    }
    void add_value(const std::string& name, nb::handle object) {
        const Use use(*this);
        checkpoint_.values()[name] = encoder_.value(name, object);
    }
    void add_optimizer(const std::string& name, std::vector<std::string> param_keys, nb::handle state_extra,
                       nb::handle extra) {
        const Use use(*this);
        OptimizerState& optimizer = checkpoint_.optimizer(name);
        optimizer.param_keys = std::move(param_keys);
        optimizer.state_extra = encoder_.entries(name + "/state", state_extra);
        optimizer.extra = encoder_.entries(name, extra);
    }
    void add_group(const std::string& name, nb::handle hyperparameters, std::vector<std::uint64_t> params,
                   std::optional<std::vector<std::string>> param_names,
                   std::optional<std::uint32_t> params_position,
                   std::optional<std::uint32_t> param_names_position) {
        const Use use(*this);
        std::vector<ParamGroup>& groups = checkpoint_.optimizer(name).param_groups;
        const std::string path = name + "/param_groups/" + std::to_string(groups.size());
        groups.push_back({encoder_.entries(path, hyperparameters), std::move(params), std::move(param_names),
                          params_position, param_names_position});
    }
    /// `key` is that of the state in the optimizer's dict: the index, or a name.
    void add_state(const std::string& name, std::uint64_t index, const std::string& key, nb::handle entries) {
        const Use use(*this);
        checkpoint_.optimizer(name).state[index] = encoder_.entries(name + "/state/" + key, entries);
    }
    void set_order(std::vector<std::string> names) {
        const Use use(*this);
        checkpoint_.set_order(std::move(names));
    }

private:
    Encoder encoder_;
    Checkpoint checkpoint_;
    mutable std::atomic_flag is_used_;
};

void save_to(const Contents& contents, const nb::bytes& path, const AnyDict& given,
             const ProgressFunction& progress) {
    const Contents::Use use(contents);
    const std::string name = path_of(path);
    SaveOptions options = save_options(given);
    interruptible(progress, [&](const ProgressCallback& callback) {
        options.progress = callback;
        return save(name, use.checkpoint(), options);
    });
}

/// A sink that collects the bytes.
class BytesSink final : public Sink {
public:
    Result<void> write(std::span<const std::byte> bytes) override {
        bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    }
    Result<void> commit() override { return {}; }
    [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }

private:
    std::string bytes_;
};

nb::bytes save_to_bytes(const Contents& contents, const AnyDict& given) {
    const Contents::Use use(contents);
    SaveOptions options = save_options(given);
    BytesSink sink;
    interruptible(nb::none(), [&](const ProgressCallback& callback) {
        options.progress = callback;
        return save(sink, use.checkpoint(), options);
    });
    return nb::bytes(sink.bytes().data(), sink.bytes().size());
}

void save_to_callable(const Contents& contents, nb::object write, const AnyDict& given,
                      const ProgressFunction& progress) {
    const Contents::Use use(contents);
    SaveOptions options = save_options(given);
    CallableSink sink(std::move(write));
    interruptible(progress, [&](const ProgressCallback& callback) {
        options.progress = callback;
        return save(sink, use.checkpoint(), options);
    });
}

/// A progress function that a thread of the library calls and destroys: both need the GIL.
ProgressCallback shared_callback(nb::object function) {
    if (function.is_none()) return {};
    return [held = share(std::move(function))](const Progress& progress) {
        const nb::gil_scoped_acquire gil;
        (*held)(progress.done_nbytes, progress.total_nbytes);
        return true;
    };
}

PendingSave save_async(AsyncSaver& saver, const Contents& contents, const nb::bytes& path,
                       const AnyDict& given, nb::object progress) {
    const Contents::Use use(contents);
    const std::string name = path_of(path);
    SaveOptions options = save_options(given);
    options.progress = shared_callback(std::move(progress));
    return or_raise([&] {
        const nb::gil_scoped_release released;
        return saver.save_async(name, use.checkpoint(), options);
    }());
}

/// Waits for the end, for at most `seconds`; Ctrl-C ends only the waiting. Returns whether it has ended.
bool wait_for(const PendingSave& save, std::optional<double> seconds) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::microseconds kLongest{20'000};
    const auto begin = Clock::now();
    std::chrono::microseconds pause{100};
    while (!save.is_done()) {
        if (seconds && std::chrono::duration<double>(Clock::now() - begin).count() >= *seconds) return false;
        {
            const nb::gil_scoped_release released;
            std::this_thread::sleep_for(pause);
        }
        if (PyErr_CheckSignals() != 0) throw nb::python_error();
        pause = std::min(2 * pause, kLongest);
    }
    return true;
}

void bind_pending(nb::module_& module) {
    nb::class_<PendingSave>(module, "PendingSave")
        .def("wait_for", &wait_for, nb::arg("seconds").none())
        .def("result",
             [](const PendingSave& self) {
                 const auto result = [&] {
                     const nb::gil_scoped_release released;
                     return self.wait();
                 }();
                 or_raise(result);
             })
        .def("is_done", &PendingSave::is_done)
        .def("cancel", &PendingSave::cancel)
        .def("progress", [](const PendingSave& self) {
            const Progress progress = self.progress();
            return nb::typed<nb::tuple, int, int>(
                nb::make_tuple(progress.done_nbytes, progress.total_nbytes));
        });
    nb::class_<AsyncSaver>(module, "AsyncSaver")
        .def(nb::init<>())
        .def("save_async", &save_async, nb::arg("contents"), nb::arg("path"), nb::arg("options"),
             nb::arg("progress").none())
        .def("wait",
             [](const AsyncSaver& self) {
                 const nb::gil_scoped_release released;
                 return static_cast<bool>(self.wait());
             })
        .def("release_memory", [](AsyncSaver& self) {
            const nb::gil_scoped_release released;
            return self.release_memory();
        });
}

}  // namespace

void bind_checkpoint(nb::module_& module) {
    nb::class_<Special>(module, "Special", "An object that is stored as a text or a tuple of its own type.")
        .def(nb::init<std::string, nb::object>(), nb::arg("kind"), nb::arg("value"))
        .def_ro("kind", &Special::kind)
        .def_prop_ro("value", [](const Special& self) { return nb::borrow<nb::any>(self.value); });
    nb::class_<Contents>(module, "Checkpoint", "What is to be saved.")
        .def(nb::init<nb::object>(), nb::arg("hook"))
        .def("add_model", &Contents::add_model, nb::arg("name"), nb::arg("items"), nb::arg("metadata").none())
        .def("add_value", &Contents::add_value, nb::arg("name"), nb::arg("object").none())
        .def("add_optimizer", &Contents::add_optimizer, nb::arg("name"), nb::arg("param_keys"),
             nb::arg("state_extra"), nb::arg("extra"))
        .def("add_group", &Contents::add_group, nb::arg("name"), nb::arg("hyperparameters"),
             nb::arg("params"), nb::arg("param_names").none(), nb::arg("params_position").none(),
             nb::arg("param_names_position").none())
        .def("add_state", &Contents::add_state, nb::arg("name"), nb::arg("index"), nb::arg("key"),
             nb::arg("entries"))
        .def("set_order", &Contents::set_order, nb::arg("names"))
        .def("save", &save_to, nb::arg("path"), nb::arg("options"), nb::arg("progress").none())
        .def("save_to_callable", &save_to_callable, nb::arg("write"), nb::arg("options"),
             nb::arg("progress").none(), "Calls write(memoryview) with the bytes of the file, in order.")
        .def("save_to_bytes", &save_to_bytes, nb::arg("options"));
    bind_pending(module);
}

}  // namespace milepost::python
