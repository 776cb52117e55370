#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/export.hpp>
#include <milepost/progress.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

namespace milepost {

/// A live tensor and its name. ModelTarget::tensor() and ParamTarget::state() make it.
struct Target {
    std::string name;   ///< as in the state_dict; "" for a match by order
    TensorSpan tensor;  ///< what is written to
    /// Zero-copy hand-over: if set, the tensor is not copied; when all is validated this is called with the
    /// view of the file. Its bytes are checked when they are first used.
    /// `tensor` then only gives dtype and shape. Called before the first byte of other targets is written: if
    /// it throws, the load ends with invalid_argument/callback and has written nothing; what other targets
    /// have adopted before stays theirs.
    std::function<void(const TensorView&)> adopt = {};
};

/// A live model. Targets without any name are matched by their order, all others by name.
///
///     milepost::ModelTarget net;
///     net.tensor("fc3.weight", weight, {10, 84});                     // std::vector<float> weight, bias;
///     net.tensor("fc3.bias", bias, {10});
///
/// A plain value. It borrows the memory of the tensors, which must outlive each load_into.
struct ModelTarget {
    std::deque<Target> tensors;  ///< in the order of the state_dict
    /// Receives the entries of the file that are not tensors (extra state). If it is null, such entries are
    /// reported as unexpected. An entry that it holds and the file does not is kept, after those of the file,
    /// and reported as missing. Requires: no other target uses the same Entries.
    Entries* extra_state = nullptr;

    /// Adds a live tensor: a TensorSpan, or elements that are contiguous (a vector, a span) and their shape.
    /// Returns this target.
    ///@{
    ModelTarget& tensor(std::string name, TensorSpan live) & {
        tensors.push_back({std::move(name), std::move(live)});
        return *this;
    }
    template <std::ranges::contiguous_range Elements>
    ModelTarget& tensor(std::string name, Elements&& elements, Shape shape) & {
        return tensor(std::move(name), TensorSpan::of(std::forward<Elements>(elements), std::move(shape)));
    }
    ///@}
    /// Adds a tensor that is taken over without a copy: see Target::adopt. Returns this target.
    ModelTarget& adopt(std::string name, Dtype dtype, Shape shape,
                       std::function<void(const TensorView&)> take) & {
        tensors.push_back({std::move(name), TensorSpan(dtype, std::move(shape)), std::move(take)});
        return *this;
    }
};

/// A live parameter of an optimizer. GroupTarget::param() makes it.
struct ParamTarget {
    std::string name;  ///< "" where unknown
    Shape shape;       ///< of the parameter itself
    /// Live tensors of its state by key, for example "momentum_buffer".
    std::deque<Target> tensors = {};
    /// Receives the state that is not in `tensors`: numbers, and tensors as views of the file. They replace
    /// what it held; nothing in it is converted (LoadOptions::cast), since it has no types of its own. If it
    /// is null, that state is reported as unexpected, nulls excepted. Requires: no other target uses the same
    /// Entries.
    Entries* rest = nullptr;

    /// Adds a live tensor of the state: a TensorSpan; elements that are contiguous, of a shape, or without
    /// one of that of the parameter; or one number, which is a tensor of shape []. Returns this parameter.
    ///@{
    ParamTarget& state(std::string key, TensorSpan live) & {
        tensors.push_back({std::move(key), std::move(live)});
        return *this;
    }
    template <std::ranges::contiguous_range Elements>
    ParamTarget& state(std::string key, Elements&& elements, Shape of_shape) & {
        return state(std::move(key), TensorSpan::of(std::forward<Elements>(elements), std::move(of_shape)));
    }
    template <std::ranges::contiguous_range Elements>
    ParamTarget& state(std::string key, Elements&& elements) & {
        return state(std::move(key), std::forward<Elements>(elements), shape);
    }
    template <class Number>
    requires(std::is_arithmetic_v<Number> && !std::is_const_v<Number>)  //
        ParamTarget& state(std::string key, Number& number) & {
        return state(std::move(key), std::span<Number>(&number, 1), {});
    }
    ///@}
};

/// A live param group. OptimizerTarget::group() makes it.
struct GroupTarget {
    std::deque<ParamTarget> params;  ///< in order; references to them stay valid
    /// Receives the hyperparameters of the file, in their order and with their types; tensors among them are
    /// views of the file. A hyperparameter that it holds and the file does not is kept, after those of the
    /// file, and reported as missing. If it is null, the hyperparameters of the file are not loaded.
    Entries* hyperparameters = nullptr;

    /// Adds a parameter and returns it, so that its state can be added.
    ParamTarget& param(std::string name, Shape shape) & {
        return params.emplace_back(ParamTarget{std::move(name), std::move(shape)});
    }
};

/// A live optimizer.
///
///     milepost::OptimizerTarget sgd;
///     milepost::GroupTarget& group = sgd.group(hyperparameters);      // milepost::Entries hyperparameters;
///     group.param("fc3.weight", {10, 84}).state("momentum_buffer", weight_momentum);
///     group.param("fc3.bias", {10}).state("momentum_buffer", bias_momentum);
///
/// Parameters are matched by name where the file and all of these have names, else by order. By name, a group
/// of the file is the live group with the same names, whatever their order; names that only one side has do
/// not count. By order, groups are matched by order, too.
/// A plain value. It borrows the memory of the tensors and the Entries, which must outlive each load_into.
struct OptimizerTarget {
    std::deque<GroupTarget> groups;  ///< in order; references to them stay valid
    /// Take what does not belong to a parameter (OptimizerState::state_extra, OptimizerState::extra); without
    /// them it is unexpected.
    ///@{
    Entries* state_extra = nullptr;
    Entries* extra = nullptr;
    ///@}

    /// Adds a group and returns it: without its hyperparameters, or with them, where they are loaded to.
    ///@{
    GroupTarget& group() & { return groups.emplace_back(); }
    GroupTarget& group(Entries& hyperparameters) & {
        return groups.emplace_back(GroupTarget{{}, &hyperparameters});
    }
    ///@}
};

/// `from` is a pattern as milepost::matches (text.hpp) takes it. Each `*` of it matches as few characters as
/// possible, from left to right. In `to`, each `*`, in order, is replaced by what a `*` of `from` matched,
/// and a backslash and a character are that character. Without `*`: one name for another.
///
///     {"encoder.layer.*.attention.*", "blocks.*.attn.*"}
///     {"layers\\[*\\].*", "layers.*.*"}                       // layers[3].weight: '[' is special in `from`
struct Rename {
    std::string from;  ///< a name, or a pattern of names, of the file
    std::string to;    ///< the live name
};

/// What a load that fails leaves behind, against the memory and the time that it takes. In each mode, all
/// names, shapes and dtypes are compared first.
enum class LoadMode : std::uint8_t {
    /// The checksums of all stored chunks are compared first, then the tensors are decoded into their places:
    /// two passes over the file, and memory of some chunks. Damage is found by the first pass, and then
    /// nothing has changed. The second pass can still fail: reading fails, the file is changed meanwhile, or
    /// a chunk was saved with a wrong content hash. The message then states that tensors may have been
    /// written.
    checked,
    /// All tensors are decoded into memory of their own first, unless they can be copied from a mapped file:
    /// as much memory again as is loaded. Whatever fails, nothing has changed.
    staged,
    /// One pass over the file, and memory of some chunks. Whatever fails, damage too, other tensors may have
    /// been written, as in the second pass of `checked`; no damaged byte is.
    direct,
};

/// How names and dtypes of the file are matched with live ones.
struct LoadOptions {
    /// Whatever does not match is an error, and nothing is changed. Off: what matches is loaded, the rest is
    /// in the report.
    bool strict = true;
    /// Taken off the names of the file, over and over, for example {"module.", "_orig_mod."}.
    std::vector<std::string> strip_prefixes = {};
    /// Then applied to the names of the file: the first one that fits.
    std::vector<Rename> rename = {};
    /// Patterns, as milepost::matches takes them, of live names of tensors or parameters. If there are any,
    /// nothing else is loaded or reported: no hyperparameters either.
    std::vector<std::string> only = {};
    /// Convert between f16, bf16, f32 and f64, to nearest, ties to even, where dtypes differ. A number of the
    /// file (an int or a float) fills a live tensor of one element, and where both are one element, integer
    /// dtypes take part: `step` is an int in one version of PyTorch and a tensor in another. To an integer
    /// dtype only an integral number that it can hold is converted; another one is an error.
    bool cast = false;
    /// What a load that fails leaves behind.
    LoadMode mode = LoadMode::checked;
    /// Threads that hash and decode; 0: as many as the machine has, at most 8. See ReadOptions::threads.
    unsigned threads = 0;
    /// Counts bytes that are read, in both passes of `checked`: the stored sizes of the chunks of the file,
    /// and the bytes of tensors that are converted or have strided memory. A load that it cancels has failed:
    /// `mode` tells what is left.
    ProgressCallback progress = {};
    /// The items of each list of the report are kept until they take so much memory, and counted from then
    /// on. The default has room for 20,000 tensors, and a file of a stranger cannot fill the memory with it.
    std::size_t max_report_nbytes = std::size_t{4} << 20U;
};

/// How the parameters of the file were paired with the live ones.
enum class MatchedBy : std::uint8_t { name, order };

/// A list of a report: how many items there are, and the first of them. It has all of them unless they take
/// more than LoadOptions::max_report_nbytes.
template <class Item>
struct ReportList {
    std::uint64_t count = 0;       ///< of all items
    std::vector<Item> items = {};  ///< the first ones, in the order of finding

    /// Whether there is none, and how many there are.
    ///@{
    [[nodiscard]] bool empty() const noexcept { return count == 0; }
    [[nodiscard]] std::uint64_t size() const noexcept { return count; }
    ///@}
};

/// What a report is about.
struct ReportItem {
    std::string path;            ///< as in LoadReport
    std::string parameter = {};  ///< of state: the name of its parameter, else its number; else empty
    friend bool operator==(const ReportItem&, const ReportItem&) = default;
};

/// A tensor whose shape differs.
struct ShapeMismatch {
    std::string path;       ///< as in LoadReport
    Shape file;             ///< in the file
    Shape live;             ///< of the target; for state without a target that of the parameter
    std::string parameter;  ///< as in ReportItem
};

/// A tensor whose element type differs.
struct DtypeMismatch {
    std::string path;       ///< as in LoadReport
    std::string file;       ///< name of the dtype in the file; for a value that is not a tensor its kind
    std::string live;       ///< and of the target
    std::string parameter;  ///< as in ReportItem
};

/// A param group of the file, matched by name, that no live group equals. Its hyperparameters are not loaded.
struct GroupMismatch {
    std::string path;               ///< of the group of the file
    std::vector<std::string> file;  ///< names of its parameters that are live, the first 8
    std::vector<std::string> live;  ///< and of the live group of the first of them
    std::uint64_t file_count;       ///< how many there are in the file
    std::uint64_t live_count;       ///< and live
};

/// What a load did. Paths begin with the model's or optimizer's name: "model/conv1.weight",
/// "optimizer/param_groups/0/lr", "optimizer/state/3/momentum_buffer" (numbers as in the file; of what is
/// missing there, the live ones).
struct LoadReport {
    MatchedBy matched_by = MatchedBy::name;  ///< how parameters were paired
    ReportList<ReportItem> loaded;           ///< what was loaded
    /// Live, and not in the file. A live tensor whose memory is loaded under another name (a tied weight of
    /// which the file has one) is not missing.
    ReportList<ReportItem> missing;
    /// In the file, and not live. A tensor of the file that is tied to one that is loaded is not unexpected.
    ReportList<ReportItem> unexpected;
    ReportList<ShapeMismatch> shape_mismatches;  ///< in both, with other shapes: not loaded
    ReportList<DtypeMismatch> dtype_mismatches;  ///< in both, with other dtypes: not loaded
    ReportList<GroupMismatch> group_mismatches;  ///< groups with other parameters
    /// Options that never applied, probably mistyped: "only 'fc3.weigth'", "rename 'a.*'",
    /// "strip_prefixes 'module.'".
    ReportList<std::string> unused_options;

    /// Whether everything matched.
    [[nodiscard]] MILEPOST_API bool complete() const noexcept;
    /// All that did not match, in one line; what comes from a file is escaped. Of long lists the first items,
    /// and "and N more".
    [[nodiscard]] MILEPOST_API std::string to_string() const;
};

/// Loads a model of the file into live tensors: the model of that name, or else a dict of tensors among the
/// values, by its path ("checkpoint/state_dict").
///
///     milepost::ModelTarget net;
///     for (auto& [name, weights, shape] : parameters) net.tensor(name, weights, shape);
///     auto report = milepost::load_into(*file, "model", net);
///     if (!report) return fail(report.error());                   // and no parameter has changed
///
/// Every name, shape, dtype and checksum is checked before the first byte is written; LoadMode has what that
/// promises. Each call by itself: a model that was loaded stays so when its optimizer then fails. Shapes must
/// be equal, but that one element in one dimension fits none ([1] into []), as in PyTorch.
/// Live tensors may share memory (tied weights): it is an error, strict or not, if they would receive
/// different bytes.
/// Threads: the targets must not be used meanwhile.
/// Errors: not_found/model; mismatch/missing, /unexpected, /other_shape, /other_dtype if strict, with all
/// findings in one message; mismatch/unexpected for different bytes in shared memory; invalid_argument/layout
/// if a target's shape and memory do not fit, /wrong_type if the path is not that of a dict with string keys,
/// /option if two names are the same, or Target::adopt throws (what was taken over before stays so; nothing
/// else has changed); those of TensorView::load.
[[nodiscard]] MILEPOST_API Result<LoadReport> load_into(const Reader& reader, std::string_view model,
                                                        const ModelTarget& target,
                                                        const LoadOptions& options = {});

/// Loads an optimizer of the file: hyperparameters, then state. The file's values come as they are: int 0
/// stays int 0, no key is dropped, no tensor cast unless asked.
///
/// A tensor of the state that has a target must have its shape. One that has none must fit its parameter:
/// one element; a shape that broadcasts to the parameter's, or is it without some dimensions (row and column
/// statistics); or one dimension over all its elements, or over all parameters (LBFGS).
///
/// State is sparse: a parameter that was frozen has none. What the file does not have is a finding only where
/// there is a live tensor for it (missing), and so is a null in the file (a dtype mismatch). A null without a
/// live tensor, a parameter without state in the file and without live tensors, and state that has only nulls
/// are not findings.
/// Errors: as for models; not_found/optimizer; and, strict or not, mismatch/missing or /unexpected where
/// parameters are matched by order and the groups have other sizes than the live ones. If strict,
/// mismatch/unexpected where they are matched by name and groups have other parameters than the live ones.
[[nodiscard]] MILEPOST_API Result<LoadReport> load_into(const Reader& reader, std::string_view optimizer,
                                                        const OptimizerTarget& target,
                                                        const LoadOptions& options = {});

}  // namespace milepost
