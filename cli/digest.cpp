#include <cstdint>
#include <string>

#include <fmt/format.h>

#include <milepost/digest.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "commands.hpp"
#include "contents.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "terminal.hpp"

namespace milepost::cli {
namespace {

std::string digest_text(const Reader& reader, const TensorView& tensor) {
    const auto digest = reader.tensor_digest(tensor.index().value_or(0));
    return digest ? digest->to_string() : "";  // there is one of each tensor
}

void print_json(const Reader& reader, const ListedPath& listed) {
    JsonDocument document("milepost.digest/1");
    document.field("digest", reader.digest().to_string());
    document.begin_list("tensors");
    visit_tensors(reader, listed, [&](const std::string& path, const TensorView& tensor) {
        document.row({{"path", path}, {"digest", digest_text(reader, tensor)}});
    });
    document.end_list();
    document.end();
}

/// Returns how many.
std::uint64_t print_lines(const Reader& reader, const ListedPath& listed) {
    return visit_tensors(reader, listed, [&](const std::string& path, const TensorView& tensor) {
        print(fmt::format("{}  {}\n", digest_text(reader, tensor), escape(path)));
    });
}

}  // namespace

Exit run(const DigestCommand& command) {
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
        print_json(*reader, listed);
    } else if (!command.tensors && command.pattern.empty()) {
        print(reader->digest().to_string() + '\n');
    } else if (print_lines(*reader, listed) == 0) {
        print_message(nothing_text(command.file, command.pattern));
    }
    return Exit::ok;
}

}  // namespace milepost::cli
