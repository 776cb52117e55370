#include "file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "callables.hpp"
#include "decode.hpp"
#include "error.hpp"
#include "interruptible.hpp"
#include "memory.hpp"
#include "open_file.hpp"
#include "options.hpp"
#include "tensor.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

std::unique_ptr<OpenFile> open(const nb::bytes& path, const AnyDict& given) {
    const std::string name = path_of(path);
    const AnyOpenOptions options = any_open_options(given);
    return or_raise([&] {
        const nb::gil_scoped_release released;
        return open_any(name, options);
    }());
}

/// Bytes of Python, which it keeps alive.
class BytesSource final : public Source {
public:
    explicit BytesSource(const nb::bytes& bytes)
        : bytes_(share(bytes)), content_(static_cast<const std::byte*>(bytes.data()), bytes.size()) {}

    Result<std::uint64_t> size() const override { return content_.size(); }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        const auto from = content_.subspan(static_cast<std::size_t>(offset), to.size());
        std::copy(from.begin(), from.end(), to.begin());
        return {};
    }

private:
    SharedObject bytes_;
    std::span<const std::byte> content_;
};

std::unique_ptr<OpenFile> open_source(std::shared_ptr<const Source> source, const AnyDict& given) {
    const OpenOptions options = open_options(given);
    const auto opened = [&] {
        const nb::gil_scoped_release released;
        return Reader::open(std::move(source), options);
    }();
    return file_of(or_raise(opened));
}

std::unique_ptr<OpenFile> open_bytes(const nb::bytes& bytes, const AnyDict& given) {
    return open_source(std::make_shared<BytesSource>(bytes), given);
}

std::unique_ptr<OpenFile> open_callable(nb::object read, std::uint64_t nbytes, const AnyDict& given) {
    return open_source(std::make_shared<CallableSource>(std::move(read), nbytes), given);
}

/// As 32 hexadecimal digits.
std::string index_checksum(const OpenFile& file) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const std::byte byte : or_raise(file.reader()).index_checksum()) {
        text += kDigits[static_cast<std::size_t>(byte) >> 4U];
        text += kDigits[static_cast<std::size_t>(byte) & 15U];
    }
    return text;
}

std::vector<std::string> warnings(const OpenFile& file) {
    std::vector<std::string> made;
    for (const Error& warning : file.warnings())
        made.push_back(warning.to_string());
    return made;
}

nb::tuple group(const Decoder& decoder, const ParamGroup& group) {
    return nb::make_tuple(decoder.entries(group.hyperparameters), group.params, group.param_names,
                          group.params_position, group.param_names_position);
}

nb::dict optimizer(const Decoder& decoder, const OptimizerState& state) {
    nb::dict made;
    nb::list groups;
    for (const ParamGroup& each : state.param_groups)
        groups.append(group(decoder, each));
    nb::dict states;
    for (const auto& [index, entries] : state.state)
        states[nb::int_(index)] = decoder.entries(entries);
    made["algorithm"] = state.algorithm;
    made["groups"] = groups;
    made["param_keys"] = state.param_keys;
    made["state"] = states;
    made["state_extra"] = decoder.entries(state.state_extra);
    made["extra"] = decoder.entries(state.extra);
    return made;
}

/// Parts of a checkpoint by name.
class Parts {
public:
    Parts(const Checkpoint& checkpoint, const Decoder& decoder) : decoder_(decoder) {
        for (const auto& [name, model] : checkpoint.models())
            models_.emplace(name, &model);
        for (const auto& [name, optimizer] : checkpoint.optimizers())
            optimizers_.emplace(name, &optimizer);
        for (const auto& [name, value] : checkpoint.values())
            values_.emplace(name, &value);
    }

    [[nodiscard]] nb::tuple decode(const std::string& name) const {
        if (const auto found = models_.find(name); found != models_.end()) {
            const StateDict& model = *found->second;
            return nb::make_tuple("model", name, decoder_.entries(model), decoder_.value(model.metadata));
        }
        if (const auto found = optimizers_.find(name); found != optimizers_.end())
            return nb::make_tuple("optimizer", name, optimizer(decoder_, *found->second), nb::none());
        return nb::make_tuple("value", name, decoder_.value(*values_.at(name)), nb::none());
    }

private:
    const Decoder& decoder_;
    std::map<std::string_view, const StateDict*> models_;
    std::map<std::string_view, const OptimizerState*> optimizers_;
    std::map<std::string_view, const Value*> values_;
};

/// The names of all parts: an order may lack some.
std::vector<std::string> all_names(const OpenFile& file, const Checkpoint& checkpoint) {
    std::vector<std::string> names = checkpoint.order();
    std::set<std::string, std::less<>> known(names.begin(), names.end());
    for (const auto& group : {file.models(), file.optimizers(), file.values()}) {
        for (const std::string& name : group) {
            if (known.insert(name).second) names.push_back(name);
        }
    }
    return names;
}

ListOf<AnyTuple> parts(const OpenFile& file, nb::object make_tensor, nb::object make_special) {
    const auto checkpoint = or_raise([&] {
        const nb::gil_scoped_release released;
        return file.checkpoint();
    }());
    const Decoder decoder(file, std::move(make_tensor), std::move(make_special));
    const Parts by_name(*checkpoint, decoder);
    nb::list made;
    for (const std::string& name : all_names(file, *checkpoint))
        made.append(by_name.decode(name));
    return made;
}

nb::any value(const OpenFile& file, const std::string& path, nb::object make_tensor,
              nb::object make_special) {
    const auto found = or_raise(file.value_at(path));
    return nb::borrow<nb::any>(Decoder(file, std::move(make_tensor), std::move(make_special)).value(*found));
}

AnyTuple model(const OpenFile& file, const std::string& name, nb::object make_tensor,
               nb::object make_special) {
    const auto found = or_raise(file.model(name));
    const Decoder decoder(file, std::move(make_tensor), std::move(make_special));
    return nb::make_tuple(decoder.entries(*found), decoder.value(found->metadata));
}

AnyDict optimizer_of(const OpenFile& file, const std::string& name, nb::object make_tensor,
                     nb::object make_special) {
    const auto found = or_raise(file.optimizer(name));
    return optimizer(Decoder(file, std::move(make_tensor), std::move(make_special)), *found);
}

AnyDict verify_all(const OpenFile& file, unsigned threads, const ProgressFunction& progress) {
    const Reader reader = or_raise(file.reader());
    const VerifyReport report = interruptible(progress, [&](const ProgressCallback& callback) {
        return verify(reader, {.threads = threads, .progress = callback});
    });
    nb::list damage;
    for (const Damage& each : report.damage)
        damage.append(nb::make_tuple(std::string(name(each.error.condition())), each.error.message(),
                                     each.begin, each.end));
    nb::dict made;
    made["nbytes"] = report.nbytes;
    made["chunks"] = report.chunks;
    made["damage_count"] = report.damage_count;
    made["damaged_tensors"] = report.damaged_tensors;
    made["damage"] = damage;
    return made;
}

}  // namespace

void bind_file(nb::module_& module) {
    nb::class_<OpenFile>(module, "File", "An open checkpoint of any format: no tensor touched.")
        .def_static("open", &open, nb::arg("path"), nb::arg("options"))
        .def_static("of_bytes", &open_bytes, nb::arg("bytes"), nb::arg("options"))
        .def_static("of_callable", &open_callable, nb::arg("read"), nb::arg("nbytes"), nb::arg("options"),
                    "A file whose bytes read(offset, memoryview) fetches, on any thread.")
        .def_prop_ro("format", [](const OpenFile& self) { return std::string(name(self.format())); })
        .def_prop_ro("index_checksum", &index_checksum)
        .def_prop_ro("digest",
                     [](const OpenFile& self) { return or_raise(self.reader()).digest().to_string(); })
        .def(
            "tensor_digest",
            [](const OpenFile& self, std::uint32_t number) {
                return or_raise(or_raise(self.reader()).tensor_digest(number)).to_string();
            },
            nb::arg("number"))
        .def_prop_ro("format_version",
                     [](const OpenFile& self) { return or_raise(self.reader()).format_version(); })
        .def_prop_ro("file_size", &OpenFile::file_size)
        .def("check_unchanged", [](const OpenFile& self) { or_raise(self.check_unchanged()); })
        .def_prop_ro("is_mapped", &OpenFile::is_mapped)
        .def_prop_ro("warnings", &warnings)
        .def("models", &OpenFile::models)
        .def("optimizers", &OpenFile::optimizers)
        .def("values", &OpenFile::values)
        .def_prop_ro("tensor_count", &OpenFile::tensor_count)
        .def("tensor_path", &OpenFile::tensor_path, nb::arg("number"))
        .def(
            "tensors", [](const OpenFile& self, const std::string& model) { return self.tensors(model); },
            nb::arg("model"))
        .def("all_tensors", [](const OpenFile& self) { return self.tensors(); })
        .def(
            "tensor",
            [](const OpenFile& self, const std::string& path) { return or_raise(self.tensor(path)); },
            nb::arg("path"))
        .def("parts", &parts, nb::arg("make_tensor"), nb::arg("make_special"))
        .def("model", &model, nb::arg("name"), nb::arg("make_tensor"), nb::arg("make_special"))
        .def("optimizer", &optimizer_of, nb::arg("name"), nb::arg("make_tensor"), nb::arg("make_special"))
        .def("value", &value, nb::arg("path"), nb::arg("make_tensor"), nb::arg("make_special"))
        .def(
            "read", &read_tensors, nb::arg("tensors"), nb::arg("threads"), nb::arg("progress").none(),
            nb::sig(
                "def read(self, tensors: collections.abc.Sequence[Tensor], threads: int, progress: object | None) -> "
                "list[memoryview]"))
        .def("read_into", &read_into, nb::arg("tensors"), nb::arg("places"), nb::arg("threads"),
             nb::arg("progress").none(),
             "Reads tensors, contiguous, into memory of the caller: (address, nbytes) for each.")
        .def("verify", &verify_all, nb::arg("threads"), nb::arg("progress").none());
    module.def("mapped_storage", &mapped_storage, nb::arg("tensor"), nb::arg("writable"),
               nb::sig("def mapped_storage(tensor: Tensor, writable: bool) -> memoryview | None"));
    module.def("check", &check_tensors, nb::arg("tensors"), nb::arg("threads"), nb::arg("progress").none());
}

}  // namespace milepost::python
