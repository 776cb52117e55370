#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <milepost/error.hpp>
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

struct Row {
    std::string path;
    TensorView tensor;
};

/// The offset of the tensor's first byte in the file; nothing if its storage is compressed or empty.
std::optional<std::uint64_t> file_offset(const TensorView& tensor, const std::vector<StorageInfo>& storages) {
    const StorageInfo& storage = storages[tensor.storage().index().value_or(0)];
    if (storage.codec != Codec::raw || storage.nbytes == 0) return std::nullopt;
    return storage.offset + tensor.offset();  // a Reader has checked both ends
}

std::string plain_line(const Row& row, const std::vector<StorageInfo>& storages) {
    const auto offset = file_offset(row.tensor, storages);
    return fmt::format("{}\t{}\t{}\t{}\t{}\n", escape(row.path), escape(row.tensor.dtype().name),
                       fmt::join(row.tensor.shape(), ","), row.tensor.nbytes(),
                       offset ? std::to_string(*offset) : "-");
}

std::vector<std::string> cells(const Row& row) {
    std::vector<std::string> made = {escape(row.path), escape(row.tensor.dtype().name),
                                     fmt::format("[{}]", fmt::join(row.tensor.shape(), ", ")),
                                     iec(row.tensor.nbytes())};
    made.emplace_back(row.tensor.role() == Role::plain ? "" : name(row.tensor.role()));
    return made;
}

void print_rows(const Reader& reader, const std::vector<Row>& rows, bool plain) {
    if (plain) {
        const std::vector<StorageInfo> storages = reader.storages();
        for (const Row& row : rows)
            print(plain_line(row, storages));
        return;
    }
    using Align = Table::Align;
    Table table({Align::left, Align::left, Align::left, Align::right, Align::left});
    for (const Row& row : rows)
        table.add(cells(row));
    print(table.to_string());
}

std::vector<Row> find_rows(const Reader& reader, const std::function<bool(const std::string&)>& listed) {
    std::vector<Row> rows;
    for (const TensorView& tensor : reader.tensors()) {
        std::string path = reader.tensor_path(tensor.index().value_or(0));
        if (listed(path)) rows.push_back({std::move(path), tensor});
    }
    return rows;
}

void print_warnings(const LsCommand& command, const Reader& reader) {
    const Palette palette(Stream::err, command.no_color);
    for (const Error& warning : reader.warnings()) {
        print_message(fmt::format("{}: {}: {}", escape(command.file),
                                  palette.paint(Colour::yellow, "warning"), warning.to_string()));
    }
}

/// An empty list is a valid answer, but a pattern without a match is more often a mistake.
void explain_nothing(const LsCommand& command) {
    if (command.pattern.empty()) {
        print_message(fmt::format("{}: the checkpoint has no tensors", escape(command.file)));
    } else {
        const std::string pattern = escape(command.pattern);
        print_message(fmt::format(
            "{}: no tensor has a path that matches '{}'; to find it anywhere in a path, use '*{}*'",
            escape(command.file), pattern, pattern));
    }
}

}  // namespace

Exit run(const LsCommand& command) {
    const auto reader = open_file(command.file);
    if (!reader) {
        print_message(error_text(command.file, reader.error(), Palette(Stream::err, command.no_color)));
        return Exit::failed;
    }
    print_warnings(command, *reader);
    const auto listed = [&command](const std::string& path) {
        return command.pattern.empty() || matches(command.pattern, path);
    };
    if (command.json) {
        print_ls_json(*reader, listed);
        return Exit::ok;
    }
    const std::vector<Row> rows = find_rows(*reader, listed);
    print_rows(*reader, rows, command.plain);
    if (rows.empty()) explain_nothing(command);
    return Exit::ok;
}

}  // namespace milepost::cli
