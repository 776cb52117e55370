#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/export.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>

namespace milepost {

/// A live tensor and its name.
struct Target {
    std::string name;   ///< as in the state_dict; "" for a match by order
    TensorSpan tensor;  ///< what is written to
    /// Zero-copy hand-over: if set, the tensor is not copied; when all is validated this is called with the
    /// view of the file, which lives as long as the Reader. Its bytes are checked when they are first used.
    /// `tensor` then only gives dtype and shape. Called before the first byte of other targets is written: if
    /// it throws, the load ends with invalid_argument/callback and has written nothing; what other targets
    /// have adopted before stays theirs.
    std::function<void(const TensorView&)> adopt = {};
};

/// A live model. Targets without any name are matched by their order, all others by name.
struct ModelTarget {
    std::vector<Target> tensors;  ///< in the order of the state_dict
    /// Receives the entries of the file that are not tensors (extra state). If it is null, such entries are
    /// reported as unexpected. An entry that it holds and the file does not is kept, after those of the file,
    /// and reported as missing. Requires: no other target uses the same Entries.
    Entries* extra_state = nullptr;
};

/// A live parameter of an optimizer.
struct ParamTarget {
    std::string name;  ///< "" where unknown
    Shape shape;       ///< of the parameter itself
    /// Live tensors of its state by key, for example "momentum_buffer".
    std::vector<Target> state = {};
    /// Receives the state that is not in `state`: numbers, and tensors as views of the file. They replace
    /// what it held. If it is null, that state is reported as unexpected. Requires: no other target uses the
    /// same Entries.
    Entries* rest = nullptr;
};

/// A live param group.
struct GroupTarget {
    std::vector<ParamTarget> params;  ///< in order
    /// Receives the hyperparameters of the file, in their order and with their types; tensors among them are
    /// views of the file. A hyperparameter that it holds and the file does not is kept, after those of the
    /// file, and reported as missing. If it is null, the hyperparameters of the file are not loaded.
    Entries* hyperparameters = nullptr;
};

/// A live optimizer. Parameters are matched by name where the file and all of these have names, else by
/// order; groups by order.
struct OptimizerTarget {
    std::vector<GroupTarget> groups;  ///< in order
    /// Take what does not belong to a parameter (OptimizerState::state_extra, OptimizerState::extra); without
    /// them it is unexpected.
    ///@{
    Entries* state_extra = nullptr;
    Entries* extra = nullptr;
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
    /// Convert between f16, bf16, f32 and f64, to nearest, ties to even, where dtypes differ.
    bool cast = false;
};

/// How the parameters of the file were paired with the live ones.
enum class MatchedBy : std::uint8_t { name, order };

/// A tensor whose shape differs.
struct ShapeMismatch {
    std::string path;       ///< as in LoadReport
    Shape file;             ///< in the file
    Shape live;             ///< of the target; for state without a target that of the parameter
    std::string parameter;  ///< name, or number, of the live parameter whose state it is; else empty
};

/// A tensor whose element type differs.
struct DtypeMismatch {
    std::string path;  ///< as in LoadReport
    std::string file;  ///< name of the dtype in the file
    std::string live;  ///< and of the target
};

/// What a load did. Paths begin with the model's or optimizer's name: "model/conv1.weight",
/// "optimizer/param_groups/0/lr", "optimizer/state/3/momentum_buffer" (numbers as in the file; of what is
/// missing there, the live ones).
struct LoadReport {
    MatchedBy matched_by = MatchedBy::name;       ///< how parameters were paired
    std::vector<std::string> loaded;              ///< paths of what was loaded
    std::vector<std::string> missing;             ///< live, and not in the file
    std::vector<std::string> unexpected;          ///< in the file, and not live
    std::vector<ShapeMismatch> shape_mismatches;  ///< in both, with other shapes: not loaded
    std::vector<DtypeMismatch> dtype_mismatches;  ///< in both, with other dtypes: not loaded

    /// Whether everything matched.
    [[nodiscard]] MILEPOST_API bool complete() const noexcept;
    /// All that did not match, in one line; what comes from a file is escaped.
    [[nodiscard]] MILEPOST_API std::string to_string() const;
};

/// Loads a model of the file into live tensors.
///
///     std::vector<milepost::Target> targets;
///     for (auto& [name, weights, shape] : net.parameters())
///         targets.push_back({name, milepost::TensorSpan::of(std::span(weights), shape)});
///     auto report = milepost::load_into(*file, "model", milepost::ModelTarget{targets});
///     if (!report) return fail(report.error());                   // and no parameter has changed
///
/// All or nothing: every name, shape, dtype and checksum is checked before the first byte is written. Each
/// call by itself: a model that was loaded stays so when its optimizer then fails. What is not raw in a
/// mapped file is decoded into memory of its own first: as much again as is loaded. Shapes must be equal, but
/// that one element in one dimension fits none ([1] into []), as in PyTorch. Threads: the targets must not be
/// used meanwhile. Errors: not_found/model; mismatch/missing, /unexpected, /other_shape, /other_dtype if
/// strict, with all findings in one message; invalid_argument/layout if a target's shape and memory do not
/// fit, /option if two names are the same; those of TensorView::load.
[[nodiscard]] MILEPOST_API Result<LoadReport> load_into(const Reader& reader, std::string_view model,
                                                        const ModelTarget& target,
                                                        const LoadOptions& options = {});

/// Loads an optimizer of the file: hyperparameters, then state. The file's values come as they are: int 0
/// stays int 0, no key is dropped, no tensor cast unless asked.
///
/// A tensor of the state that has a target must have its shape. One that has none must fit its parameter:
/// one element; a shape that broadcasts to the parameter's, or is it without some dimensions (row and column
/// statistics); or one dimension over all its elements, or over all parameters (LBFGS).
/// Errors: as for models; not_found/optimizer; and, strict or not, mismatch/missing or /unexpected where
/// parameters are matched by order and the groups have other sizes than the live ones.
[[nodiscard]] MILEPOST_API Result<LoadReport> load_into(const Reader& reader, std::string_view optimizer,
                                                        const OptimizerTarget& target,
                                                        const LoadOptions& options = {});

}  // namespace milepost
