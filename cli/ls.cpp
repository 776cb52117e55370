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

#include "commands.hpp"
#include "contents.hpp"
#include "ls_json.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

/// The offset of the tensor's first byte in the file; nothing if its storage is compressed or empty.
std::optional<std::uint64_t> file_offset(const TensorView& tensor, const std::vector<StorageInfo>& storages) {
    const StorageInfo& storage = storages[tensor.storage().index().value_or(0)];
    if (storage.codec != Codec::raw || storage.nbytes == 0) return std::nullopt;
    return storage.offset + tensor.offset();  // a Reader has checked both ends
}

std::string plain_line(const std::string& path, const TensorView& tensor,
                       const std::vector<StorageInfo>& storages) {
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
std::uint64_t print_rows(const Reader& reader, const ListedPath& listed, bool plain) {
    if (plain) {
        const std::vector<StorageInfo> storages = reader.storages();
        return visit_tensors(reader, listed, [&](const std::string& path, const TensorView& tensor) {
            print(plain_line(path, tensor, storages));
        });
    }
    using Align = Table::Align;
    Table table({Align::left, Align::left, Align::left, Align::right, Align::left});
    visit_tensors(reader, listed, [&](const std::string& path, const TensorView& tensor) {
        table.measure(cells(path, tensor));
    });
    return visit_tensors(reader, listed, [&](const std::string& path, const TensorView& tensor) {
        print(table.line(cells(path, tensor)));
    });
}

}  // namespace

Exit run(const LsCommand& command) {
    const auto reader = open_file(command.file);
    if (!reader) {
        print_message(error_text(command.file, reader.error(), Palette(Stream::err, command.no_color)));
        return Exit::failed;
    }
    print_warnings(command.file, reader->warnings(), command.no_color);
    const auto listed = [&command](const std::string& path) {
        return command.pattern.empty() || matches(command.pattern, path);
    };
    if (command.json) {
        if (const auto printed = print_ls_json(*reader, listed); !printed) {
            print_message(error_text(command.file, printed.error(), Palette(Stream::err, command.no_color)));
            return Exit::failed;
        }
        return Exit::ok;
    }
    if (print_rows(*reader, listed, command.plain) == 0)
        print_message(nothing_text(command.file, command.pattern));
    return Exit::ok;
}

}  // namespace milepost::cli
