#include "load_into.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <milepost/milepost.hpp>

#include "decode.hpp"
#include "error.hpp"
#include "interruptible.hpp"
#include "open_file.hpp"
#include "options.hpp"
#include "tensor.hpp"
#include "types.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

using Named = std::pair<std::string, TensorHandle>;

/// A tensor in memory of Python, to be written to.
TensorSpan span_of(const TensorHandle& tensor) {
    const TensorView& view = tensor.view;
    const auto bytes = or_raise(view.storage().bytes(0, view.storage().nbytes()));
    // It was made of an address: that it was const is an accident of TensorView.
    auto* memory = const_cast<std::byte*>(bytes.data());
    return TensorSpan(view.dtype(), view.shape(), {memory, bytes.size()}, view.offset(), view.strides());
}

/// The value of a live entry, which Python has: it is still there after a load if the file does not have it.
const Bytes& live_mark() {
    static const Bytes kMark = [] {
        constexpr std::string_view kText = "milepost: the value that the live object has";
        const auto bytes = std::as_bytes(std::span(kText));
        return Bytes{{bytes.begin(), bytes.end()}};
    }();
    return kMark;
}

Entries marks(const std::vector<std::string>& names) {
    Entries made;
    for (const std::string& name : names)
        made[name] = live_mark();
    return made;
}

/// What was loaded.
nb::dict without_marks(const Decoder& decoder, const Entries& entries) {
    Entries loaded;
    for (const auto& [name, value] : entries) {
        const auto* bytes = value.get_if<Bytes>();
        if (bytes == nullptr || bytes->bytes != live_mark().bytes) loaded.add(name, value);
    }
    return decoder.entries(loaded);
}

nb::list paths_of(const ReportList<ReportItem>& list) {
    nb::list made;
    for (const ReportItem& item : list.items)
        made.append(item.path);
    return made;
}

AnyTuple shape_of(const Shape& shape) {
    nb::list made;
    for (const std::uint64_t size : shape)
        made.append(size);
    return nb::tuple(made);
}

AnyDict report_of(const LoadReport& report) {
    nb::dict made;
    made["matched_by"] = report.matched_by == MatchedBy::name ? "name" : "order";
    made["loaded"] = paths_of(report.loaded);
    made["missing"] = paths_of(report.missing);
    made["unexpected"] = paths_of(report.unexpected);
    nb::list shapes, dtypes, groups, unused;
    for (const ShapeMismatch& each : report.shape_mismatches.items)
        shapes.append(nb::make_tuple(each.path, shape_of(each.file), shape_of(each.live)));
    for (const DtypeMismatch& each : report.dtype_mismatches.items)
        dtypes.append(nb::make_tuple(each.path, each.file, each.live));
    for (const GroupMismatch& each : report.group_mismatches.items)
        groups.append(nb::make_tuple(each.path, each.file, each.live));
    for (const std::string& each : report.unused_options.items)
        unused.append(each);
    made["shape_mismatches"] = shapes;
    made["dtype_mismatches"] = dtypes;
    made["group_mismatches"] = groups;
    made["unused_options"] = unused;
    made["complete"] = report.complete();
    made["text"] = report.to_string();
    return made;
}

template <class Target>
Result<LoadReport> load_into_from(const OpenFile& file, const std::string& name, Target& target,
                                  const LoadOptions& options) {
    MILEPOST_TRY_ASSIGN(const auto reader, file.reader_of(name));
    return load_into(reader, name, target, options);
}

/// The report, and the entries that are not live tensors, by name.
nb::typed<nb::tuple, AnyDict, AnyDict> load_model(const OpenFile& file, const std::string& name,
                                                  const std::vector<Named>& tensors,
                                                  const std::vector<std::string>& extra_names,
                                                  const AnyDict& given, const ProgressFunction& progress,
                                                  const nb::object& make_tensor,
                                                  const nb::object& make_special) {
    LoadOptions options = load_options(given);
    ModelTarget target;
    for (const auto& [live_name, tensor] : tensors)
        target.tensor(live_name, span_of(tensor));
    Entries extra = marks(extra_names);
    target.extra_state = &extra;
    const LoadReport report = interruptible(progress, [&](const ProgressCallback& callback) {
        options.progress = callback;
        return load_into_from(file, name, target, options);
    });
    return nb::make_tuple(report_of(report), without_marks(Decoder(file, make_tensor, make_special), extra));
}

/// What a load gives that is not a live tensor.
struct Received {
    std::deque<Entries> hyperparameters;
    std::deque<std::deque<Entries>> states;
    Entries state_extra;
};

/// A live parameter: its name or "", its shape, and the tensors of its state by key.
using GivenParam = std::tuple<std::string, Shape, std::vector<Named>>;
/// The names of the hyperparameters of a live group, and its parameters.
using GivenGroup = std::tuple<std::vector<std::string>, std::vector<GivenParam>>;

OptimizerTarget target_of(const std::vector<GivenGroup>& groups, Received& received) {
    OptimizerTarget target;
    for (const auto& [hyperparameters, params] : groups) {
        GroupTarget& group = target.group(received.hyperparameters.emplace_back(marks(hyperparameters)));
        std::deque<Entries>& states = received.states.emplace_back();
        for (const auto& [name, shape, state] : params) {
            ParamTarget& param = group.param(name, shape);
            for (const auto& [key, tensor] : state)
                param.state(key, span_of(tensor));
            param.rest = &states.emplace_back();
        }
    }
    target.state_extra = &received.state_extra;
    return target;
}

/// The report; and for each group its hyperparameters and the states of its parameters, without what is in
/// live tensors; and the state that belongs to no parameter.
nb::typed<nb::tuple, AnyDict, ListOf<nb::any>, AnyDict> load_optimizer(
    const OpenFile& file, const std::string& name, const std::vector<GivenGroup>& groups,
    const AnyDict& given, const ProgressFunction& progress, const nb::object& make_tensor,
    const nb::object& make_special) {
    LoadOptions options = load_options(given);
    Received received;
    const OptimizerTarget target = target_of(groups, received);
    const LoadReport report = interruptible(progress, [&](const ProgressCallback& callback) {
        options.progress = callback;
        return load_into_from(file, name, target, options);
    });
    const Decoder decoder(file, make_tensor, make_special);
    nb::list made;
    for (std::size_t i = 0; i < received.hyperparameters.size(); ++i) {
        nb::list states;
        for (const Entries& state : received.states[i])
            states.append(decoder.entries(state));
        made.append(nb::make_tuple(without_marks(decoder, received.hyperparameters[i]), states));
    }
    return nb::make_tuple(report_of(report), made, decoder.entries(received.state_extra));
}

}  // namespace

void bind_load_into(nb::module_& module) {
    module.def("load_model", &load_model, nb::arg("file"), nb::arg("name"), nb::arg("tensors"),
               nb::arg("extra_names"), nb::arg("options"), nb::arg("progress").none(), nb::arg("make_tensor"),
               nb::arg("make_special"));
    module.def("load_optimizer", &load_optimizer, nb::arg("file"), nb::arg("name"), nb::arg("groups"),
               nb::arg("options"), nb::arg("progress").none(), nb::arg("make_tensor"),
               nb::arg("make_special"));
}

}  // namespace milepost::python
