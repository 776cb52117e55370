#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "terminal.hpp"

namespace milepost::cli {
namespace {

/// The first value of that path. Errors: not_found/value.
Result<Value> find_value(const Checkpoint& checkpoint, const std::string& path) {
    std::optional<Value> found;
    walk(checkpoint, [&](const std::string& at, const Value& value) {
        if (!found && at == path) found = value;
        return !found && path.starts_with(at);
    });
    if (found) return *std::move(found);
    return Error(Condition::value, fmt::format("there is nothing at '{}'; 'milepost ls' lists the tensors, "
                                               "'milepost info' the values",
                                               escape(path)));
}

/// A checkpoint of one tensor: what a file of it holds.
Checkpoint checkpoint_of(const std::string& path, const TensorView& tensor) {
    Checkpoint checkpoint;
    const std::size_t slash = path.rfind('/');
    checkpoint.model("model")[slash == std::string::npos ? path : path.substr(slash + 1)] = tensor;
    return checkpoint;
}

Exit write_tensor(const GetCommand& command, const TensorView& tensor) {
    const auto format = format_of_extension(command.output);
    if (!format) {
        print_message(
            fmt::format("{}: the extension is not that of a format; use .npy, .npz, .safetensors or "
                        ".milepost",
                        escape(command.output)));
        return Exit::failed;
    }
    ExportOptions options;
    options.format = *format;
    options.save.create_only = !command.force;
    const auto written = write_output(command.output, checkpoint_of(command.path, tensor), options);
    if (!written) return fail(command.output, written.error(), command.no_color);
    print(fmt::format("{}: {}\n", escape(command.output), to_string(tensor)));
    return Exit::ok;
}

}  // namespace

Exit run(const GetCommand& command) {
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    const auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    const auto value = find_value(*checkpoint, command.path);
    if (!value) return fail(command.file, value.error(), command.no_color);
    const auto* tensor = value->get_if<TensorView>();
    if (tensor != nullptr && !command.output.empty()) return write_tensor(command, *tensor);
    if (!command.output.empty() || (tensor != nullptr && !command.json)) {
        print_message(fmt::format("'{}' is {}; {}", escape(command.path),
                                  tensor != nullptr ? "a tensor" : "a value",
                                  tensor != nullptr ? "give -o FILE, or use 'milepost show --values'"
                                                    : "it is printed without -o"));
        return Exit::failed;
    }
    if (command.json) {
        JsonDocument document("milepost.get/1");
        document.field("path", command.path);
        document.field("value", value_json(*value));
        document.end();
    } else {
        print(to_string(*value) + '\n');
    }
    return Exit::ok;
}

}  // namespace milepost::cli
