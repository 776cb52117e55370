#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "contents.hpp"
#include "ls_json.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

/// The offset of the tensor's first byte in the file; nothing if its storage is compressed or empty.
/// Nothing for other formats.
std::optional<std::uint64_t> file_offset(const TensorView& tensor, const std::vector<AnyStorage>& storages) {
    const AnyStorage& storage = storages[tensor.storage().index().value_or(0)];
    if (!storage.offset || storage.codec != Codec::raw || storage.nbytes == 0) return std::nullopt;
    return *storage.offset + tensor.offset();  // a Reader has checked both ends
}

std::string plain_line(const std::string& path, const TensorView& tensor,
                       const std::vector<AnyStorage>& storages) {
    const auto offset = file_offset(tensor, storages);
    return fmt::format("{}\t{}\t{}\t{}\t{}\n", escape(path), escape(tensor.dtype().name),
                       fmt::join(tensor.shape(), ","), tensor.nbytes(),
                       offset ? std::to_string(*offset) : "-");
}

std::vector<std::string> cells(const std::string& path, const TensorView& tensor) {
    std::vector<std::string> made = {escape(path), escape(tensor.dtype().name),
                                     fmt::format("[{}]", fmt::join(tensor.shape(), ", ")),
                                     iec(tensor.nbytes())};
    made.emplace_back(tensor.role() == Role::plain ? "" : name(tensor.role()));
    return made;
}

/// Lists tensors without holding more than one of them. Returns how many.
std::uint64_t print_rows(const AnyFile& file, const ListedPath& listed, bool plain) {
    if (plain) {
        const std::vector<AnyStorage> storages = file.storages();
        return file.visit_tensors(listed, [&](const std::string& path, const TensorView& tensor) {
            print(plain_line(path, tensor, storages));
        });
    }
    using Align = Table::Align;
    Table table({Align::left, Align::left, Align::left, Align::right, Align::left});
    file.visit_tensors(listed, [&](const std::string& path, const TensorView& tensor) {
        table.measure(cells(path, tensor));
    });
    return file.visit_tensors(listed, [&](const std::string& path, const TensorView& tensor) {
        print(table.line(cells(path, tensor)));
    });
}

}  // namespace

Exit run(const LsCommand& command) {
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    if (file->reader() != nullptr) print_warnings(command.file, file->reader()->warnings(), command.no_color);
    const auto listed = [&command](const std::string& path) {
        return command.pattern.empty() || matches(command.pattern, path);
    };
    if (command.json) {
        const auto printed = print_ls_json(*file, listed);
        return printed ? Exit::ok : fail(command.file, printed.error(), command.no_color);
    }
    if (print_rows(*file, listed, command.plain) == 0)
        print_message(nothing_text(command.file, command.pattern));
    return Exit::ok;
}

}  // namespace milepost::cli
