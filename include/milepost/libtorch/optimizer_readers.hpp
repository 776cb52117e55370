#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <torch/optim.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/libtorch/module.hpp>
#include <milepost/libtorch/optimizer_fields.hpp>
#include <milepost/libtorch/tensor.hpp>
#include <milepost/load_into.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

/// Reads hyperparameters and state of a file as those of LibTorch. Part of <milepost/libtorch.hpp>.
namespace milepost::libtorch {

/// @cond
namespace detail {

/// What did not match, and what was taken, before milepost::load_into adds what it finds.
class Findings {
public:
    explicit Findings(std::size_t max_nbytes) : left_nbytes_(max_nbytes) {}

    void loaded(std::string path) { add(report_.loaded, ReportItem{std::move(path)}); }
    void missing(std::string path, std::string param) {
        add(report_.missing, ReportItem{std::move(path), std::move(param)});
    }
    void unexpected(std::string path, std::string param) {
        add(report_.unexpected, ReportItem{std::move(path), std::move(param)});
    }
    void other_type(std::string path, std::string file, std::string live, std::string param) {
        add(report_.dtype_mismatches,
            DtypeMismatch{std::move(path), std::move(file), std::move(live), std::move(param)});
    }
    void other_shape(std::string path, Shape file, Shape live, std::string param) {
        add(report_.shape_mismatches,
            ShapeMismatch{std::move(path), std::move(file), std::move(live), std::move(param)});
    }
    /// The bytes of a tensor could not be read: no report helps.
    void failed(const std::string& path, const Error& error) {
        if (!error_) error_ = error.within(escape(path));
    }

    /// The error of failed(), or, if strict, one of everything that did not match.
    [[nodiscard]] Result<void> result(std::string_view optimizer, bool strict) const {
        if (error_) return *error_;
        if (!strict || report_.complete()) return {};
        const Condition condition = !report_.missing.empty()            ? Condition::missing
                                    : !report_.unexpected.empty()       ? Condition::unexpected
                                    : !report_.shape_mismatches.empty() ? Condition::other_shape
                                                                        : Condition::other_dtype;
        return Error(condition, "optimizer '" + escape(optimizer) + "': " + report_.to_string());
    }

    void append_to(LoadReport& report) {
        append(report.loaded, report_.loaded);
        append(report.missing, report_.missing);
        append(report.unexpected, report_.unexpected);
        append(report.shape_mismatches, report_.shape_mismatches);
        append(report.dtype_mismatches, report_.dtype_mismatches);
    }

private:
    template <class Item>
    void add(ReportList<Item>& list, Item item) {
        ++list.count;
        const std::size_t nbytes = sizeof(Item) + item.path.size();
        if (nbytes > left_nbytes_) return;
        left_nbytes_ -= nbytes;
        list.items.push_back(std::move(item));
    }
    template <class Item>
    static void append(ReportList<Item>& to, ReportList<Item>& from) {
        // A list that had to leave items out goes on to leave them out.
        if (to.items.size() == to.count)
            to.items.insert(to.items.end(), from.items.begin(), from.items.end());
        to.count += from.count;
    }

    LoadReport report_;
    std::optional<Error> error_;
    std::size_t left_nbytes_;
};

/// A float, an int, or a tensor of one number; nothing for other values.
[[nodiscard]] inline Result<std::optional<double>> number_of(const Value& value) {
    if (const auto number = value.as_number()) return std::optional(*number);
    const auto* view = value.get_if<TensorView>();
    if (view == nullptr || view->element_count() != 1 || !to_torch(view->dtype()))
        return std::optional<double>();
    MILEPOST_TRY_ASSIGN(const auto one, tensor(*view));
    if (one.is_complex() || one.numel() != 1) return std::optional<double>();
    return std::optional(one.template item<double>());
}

/// An int, or a number without a fraction.
[[nodiscard]] inline Result<std::optional<std::int64_t>> integer_of(const Value& value) {
    if (const auto integer = value.as_int()) return std::optional(*integer);
    MILEPOST_TRY_ASSIGN(const auto number, number_of(value));
    constexpr double kMost = 9007199254740992.0;  // 2^53: no integer up to it was rounded
    if (!number || std::trunc(*number) != *number || std::abs(*number) > kMost)
        return std::optional<std::int64_t>();
    return std::optional(static_cast<std::int64_t>(*number));
}

[[nodiscard]] inline std::string type_of(const Value& value) {
    const auto* view = value.get_if<TensorView>();
    return std::string(view != nullptr ? view->dtype().name : name(value.kind()));
}

/// What the readers of hyperparameters and of state share: entries of the file under a path.
class EntryReader {
public:
    EntryReader(const Entries& file, std::string path, std::string param, Findings& findings)
        : file_(file), path_(std::move(path)), param_(std::move(param)), findings_(findings) {}

    /// Whether all was as it should be so far.
    [[nodiscard]] bool matches() const noexcept { return matches_; }

protected:
    /// The value under a key; null where there is none.
    [[nodiscard]] const Value* find(std::string_view key) {
        known_.insert(key);
        return file_.find(key);
    }
    [[nodiscard]] std::string path_to(std::string_view key) const { return path_ + std::string(key); }
    [[nodiscard]] bool is_known(std::string_view key) const { return known_.contains(key); }

    void miss(std::string_view key) {
        matches_ = false;
        findings_.missing(path_to(key), param_);
    }
    void reject(std::string_view key, const Value& value, const char* wanted) {
        matches_ = false;
        findings_.other_type(path_to(key), type_of(value), wanted, param_);
    }
    void reject_shape(std::string_view key, Shape file, Shape live) {
        matches_ = false;
        findings_.other_shape(path_to(key), std::move(file), std::move(live), param_);
    }
    /// What the result holds; nothing if it is an error, or holds nothing.
    template <class T>
    [[nodiscard]] std::optional<T> take(std::string_view key, const Value& value, const char* wanted,
                                        const Result<std::optional<T>>& found) {
        if (!found)
            findings_.failed(path_to(key), found.error());
        else if (!*found)
            reject(key, value, wanted);
        else
            return **found;
        return std::nullopt;
    }

    const Entries& file_;
    std::string path_, param_;
    Findings& findings_;

private:
    std::set<std::string_view> known_;
    bool matches_ = true;
};

/// Reads hyperparameters into options. What does not match leaves an option as it is.
class HyperparameterReader : public EntryReader {
public:
    HyperparameterReader(const Entries& file, std::string path, Findings& findings)
        : EntryReader(file, std::move(path), "", findings) {}

    void number(std::string_view key, double& to) { load(key, to, "float", number_of); }
    void integer(std::string_view key, std::int64_t& to) { load(key, to, "int", integer_of); }
    void flag(std::string_view key, bool& to) { load(key, to, "bool", bool_of); }
    void text(std::string_view key, std::optional<std::string>& to) { load(key, to, "string", text_of); }
    void pair(std::string_view key, std::tuple<double, double>& to) { load(key, to, "tuple", pair_of); }

    void fixed(std::string_view key, bool value) {
        const Value* found = find(key);
        if (found != nullptr && (found->kind() != Kind::boolean || *found->as_bool() != value))
            findings_.unexpected(path_to(key), "");
    }
    void idle(std::string_view key, const Value& /*value*/) { static_cast<void>(find(key)); }

    /// Reports the keys of the file that nothing has asked for.
    void finish() {
        constexpr std::array<std::string_view, 10> kForPython{
            "foreach", "fused",  "capturable",   "differentiable", "initial_lr",
            "max_lr",  "min_lr", "max_momentum", "base_momentum",  "swa_lr"};
        for (const auto& [key, value] : file_) {
            if (!is_known(key) && std::find(kForPython.begin(), kForPython.end(), key) == kForPython.end())
                findings_.unexpected(path_to(key), "");
        }
    }

private:
    template <class T, class Convert>
    void load(std::string_view key, T& to, const char* wanted, const Convert& convert) {
        const Value* value = find(key);
        if (value == nullptr) return miss(key);
        auto taken = take(key, *value, wanted, convert(*value));
        if (!taken) return;
        to = *std::move(taken);
        findings_.loaded(path_to(key));
    }

    static Result<std::optional<bool>> bool_of(const Value& value) {
        const bool* flag = value.get_if<bool>();
        return flag != nullptr ? std::optional(*flag) : std::nullopt;
    }
    static Result<std::optional<std::optional<std::string>>> text_of(const Value& value) {
        using Text = std::optional<std::string>;
        if (value.is_null()) return std::optional<Text>(std::in_place);
        const auto* text = value.get_if<String>();
        return text != nullptr ? std::optional<Text>(text->text) : std::nullopt;
    }
    static Result<std::optional<std::tuple<double, double>>> pair_of(const Value& value) {
        using Pair = std::optional<std::tuple<double, double>>;
        const auto* tuple = value.get_if<Tuple>();
        const auto* list = value.get_if<List>();
        if (tuple == nullptr && list == nullptr) return Pair();
        const auto& items = tuple != nullptr ? tuple->items : list->items;
        if (items.size() != 2) return Pair();
        MILEPOST_TRY_ASSIGN(const auto first, number_of(items[0]));
        MILEPOST_TRY_ASSIGN(const auto second, number_of(items[1]));
        return first && second ? Pair({*first, *second}) : Pair();
    }
};

/// Reads the state of a parameter: numbers at once; tensors of the parameter's shape become targets of the
/// load.
class StateReader : public EntryReader {
public:
    /// `target` and `memory` are of the load. `all_elements` is how many the parameters have together.
    StateReader(const Entries& file, std::string path, std::string number, Findings& findings,
                const at::Tensor& param, std::uint64_t all_elements, bool cast, LiveTensors& memory)
        : EntryReader(file, std::move(path), std::move(number), findings),
          live_param_(param),
          all_elements_(all_elements),
          cast_(cast),
          memory_(memory) {}

    void step(std::string_view key, std::int64_t& to) { integer(key, to); }
    void integer(std::string_view key, std::int64_t& to) { load(key, to, true, "int", integer_of); }
    void number(std::string_view key, double& to, bool is_needed) {
        load(key, to, is_needed, "float", number_of);
    }
    void tensor(std::string_view key, at::Tensor& to, bool is_needed) {
        const at::Tensor live = std::exchange(to, at::Tensor());
        const TensorView* view = find_tensor(key, is_needed);
        if (view == nullptr) return;
        Shape shape(live_param_.sizes().begin(), live_param_.sizes().end());
        if (view->shape() != shape) return reject_shape(key, view->shape(), std::move(shape));
        to = memory_for(*view, live);
        auto span = memory_.span(to);
        if (!span) return findings_.failed(path_to(key), span.error());
        targets_.push_back({std::string(key), *std::move(span)});
    }
    void flat(std::string_view key, at::Tensor& to, bool is_needed) {
        to = at::Tensor();
        if (const TensorView* view = find_tensor(key, is_needed)) to = copy_of(key, *view, {all_elements_});
    }
    void scalar(std::string_view key, at::Tensor& to, bool is_needed) {
        to = at::Tensor();
        const Value* value = find_value(key, is_needed);
        if (value != nullptr) to = scalar_of(key, *value);
    }
    void flats(std::string_view key, std::deque<at::Tensor>& to, std::size_t least, std::size_t most) {
        load_list(key, to, least, most, [&](const Value& item) { return flat_of(key, item); });
    }
    void scalars(std::string_view key, std::deque<at::Tensor>& to, std::size_t least, std::size_t most) {
        load_list(key, to, least, most, [&](const Value& item) { return scalar_of(key, item); });
    }
    void scratch(std::string_view key, std::optional<std::vector<at::Tensor>>& to, std::size_t size) {
        to.reset();
        const Value* value = find(key);
        const auto* list = value != nullptr ? value->get_if<List>() : nullptr;
        // LibTorch makes it where it is missing, and writes an element before it reads it.
        if (list == nullptr || list->items.size() != size) return;
        for (const Value& item : list->items)
            (to ? *to : to.emplace()).push_back(item.is_null() ? at::Tensor() : scalar_of(key, item));
    }

    /// Whether the file has anything but nulls.
    [[nodiscard]] bool has_any() const {
        return std::any_of(file_.begin(), file_.end(),
                           [](const auto& entry) { return !entry.second.is_null(); });
    }

    /// Reports the keys of the file that nothing has asked for.
    void finish() {
        for (const auto& [key, value] : file_) {
            if (!is_known(key) && !value.is_null()) findings_.unexpected(path_to(key), param_);
        }
    }

    /// For ParamTarget::tensors.
    [[nodiscard]] std::deque<Target> take_targets() { return std::move(targets_); }

private:
    const Value* find_value(std::string_view key, bool is_needed) {
        const Value* value = find(key);
        if (value != nullptr && !value->is_null()) return value;
        if (is_needed) miss(key);
        return nullptr;
    }
    const TensorView* find_tensor(std::string_view key, bool is_needed) {
        const Value* value = find_value(key, is_needed);
        return value != nullptr ? tensor_in(key, *value) : nullptr;
    }
    const TensorView* tensor_in(std::string_view key, const Value& value) {
        const auto* view = value.get_if<TensorView>();
        if (view != nullptr && to_torch(view->dtype())) return view;
        reject(key, value, "a tensor of LibTorch");
        return nullptr;
    }
    template <class T, class Convert>
    void load(std::string_view key, T& to, bool is_needed, const char* wanted, const Convert& convert) {
        to = T();  // not what the live state holds
        const Value* value = find_value(key, is_needed);
        if (value == nullptr) return;
        if (auto taken = take(key, *value, wanted, convert(*value))) to = *taken;
    }
    template <class Convert>
    void load_list(std::string_view key, std::deque<at::Tensor>& to, std::size_t least, std::size_t most,
                   const Convert& convert) {
        to.clear();
        const Value* value = find_value(key, least > 0);
        if (value == nullptr) return;
        const auto* list = value->get_if<List>();
        if (list == nullptr) return reject(key, *value, "list");
        const std::size_t size = list->items.size();
        if (size < least || size > most) return reject_shape(key, {size}, {size < least ? least : most});
        for (const Value& item : list->items)
            to.push_back(convert(item));
    }

    /// The live tensor if it can take the bytes, else a new one like the parameter.
    at::Tensor memory_for(const TensorView& view, const at::Tensor& live) const {
        const auto is_castable = [](at::ScalarType dtype) {
            return dtype == at::kHalf || dtype == at::kBFloat16 || dtype == at::kFloat ||
                   dtype == at::kDouble;
        };
        at::ScalarType dtype = *to_torch(view.dtype());
        const at::ScalarType wanted = live.defined() ? live.scalar_type() : live_param_.scalar_type();
        if (cast_ && is_castable(dtype) && is_castable(wanted)) dtype = wanted;
        const bool is_usable = live.defined() && live.scalar_type() == dtype &&
                               live.sizes() == live_param_.sizes() && live.is_non_overlapping_and_dense();
        return is_usable ? live : at::empty_like(live_param_, live_param_.options().dtype(dtype));
    }

    at::Tensor copy_of(std::string_view key, const TensorView& view, const Shape& shape) {
        if (view.shape() != shape) {
            reject_shape(key, view.shape(), shape);
            return {};
        }
        auto loaded = libtorch::tensor(view);
        if (!loaded) {
            findings_.failed(path_to(key), loaded.error());
            return {};
        }
        return loaded->detach().to(live_param_.device(), loaded->scalar_type(), false, /*copy=*/true);
    }
    at::Tensor flat_of(std::string_view key, const Value& value) {
        const TensorView* view = tensor_in(key, value);
        return view != nullptr ? copy_of(key, *view, {all_elements_}) : at::Tensor();
    }
    at::Tensor scalar_of(std::string_view key, const Value& value) {
        if (const auto integer = value.as_int()) return at::scalar_tensor(*integer, at::kLong);
        if (const auto number = value.as_number()) return at::scalar_tensor(*number, at::kDouble);
        const TensorView* view = tensor_in(key, value);
        if (view == nullptr) return {};
        if (view->element_count() == 1) return copy_of(key, *view, view->shape());
        reject_shape(key, view->shape(), {});
        return {};
    }

    const at::Tensor& live_param_;
    std::uint64_t all_elements_;
    bool cast_;
    LiveTensors& memory_;
    std::deque<Target> targets_;
};

}  // namespace detail
/// @endcond

}  // namespace milepost::libtorch
