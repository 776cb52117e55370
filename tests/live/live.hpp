#pragma once

#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "support/memory.hpp"

/// Live parameters, and files to load into them.
namespace milepost::testing {

inline const LoadOptions kLenient{.strict = false};

using Floats = std::vector<float>;
using Paths = std::vector<std::string>;

/// A parameter whose elements all have one value.
struct Live {
    std::string name;
    Shape shape;
    Floats elements;

    Live(std::string live_name, Shape live_shape, float value = -1)
        : name(std::move(live_name)), shape(std::move(live_shape)), elements(count(shape), value) {}

    [[nodiscard]] Target target() { return {name, TensorSpan::of(std::span(elements), shape)}; }
    [[nodiscard]] TensorView view() const { return TensorView::of(std::span(elements), shape); }
    [[nodiscard]] bool untouched() const { return elements == Floats(elements.size(), -1); }

    static std::size_t count(const Shape& shape) {
        std::size_t elements = 1;
        for (const std::uint64_t size : shape)
            elements *= static_cast<std::size_t>(size);
        return elements;
    }
};

/// The paths of a list of a report.
[[nodiscard]] inline Paths paths(const ReportList<ReportItem>& list) {
    Paths paths;
    for (const ReportItem& item : list.items)
        paths.push_back(item.path);
    return paths;
}

[[nodiscard]] inline ModelTarget targets_of(std::vector<Live>& live) {
    ModelTarget target;
    for (Live& parameter : live)
        target.tensors.push_back(parameter.target());
    return target;
}

/// A file with the model "net" of these parameters.
[[nodiscard]] inline Reader file_of(const std::vector<Live>& parameters, const SaveOptions& options = {}) {
    Checkpoint checkpoint;
    for (const Live& parameter : parameters)
        checkpoint.model("net")[parameter.name] = parameter.view();
    return *open_bytes(*save_bytes(checkpoint, options));
}

}  // namespace milepost::testing
