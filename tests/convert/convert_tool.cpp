// Imports a file of any format and writes it in the format of the extension of OUT, for tests that compare
// with other programs:
//
//     convert_tool [--small] [--keep-storages] IN OUT
//
// Prints nothing on success; otherwise "code/condition: message", and exits with 2. A checkpoint has the
// bytes that milepost.save(torch.load(IN), OUT) would write in Python.
//
//     --small          limits of some megabytes, so that a test sees whether memory is bounded by them
//     --keep-storages  as in Python: views keep their storage, offset and strides in a checkpoint
//
//     convert_tool --dump IN
//
// prints what a file of named tensors becomes: a line for each tensor with its name, dtype, shape and bytes,
// and a line for each value, as to_string() has them.

#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int kRefused = 2;
constexpr int kUsage = 3;

milepost::Limits small_limits() {
    milepost::Limits limits;
    limits.max_index_bytes = 4ULL << 20U;
    limits.max_records = 1ULL << 16U;
    limits.max_decoded_bytes = 16ULL << 20U;
    return limits;
}

milepost::Result<void> convert(const std::string& from, const std::string& to, const milepost::Limits& limits,
                               bool keeps_storages) {
    auto imported = milepost::import_file(from, {.limits = limits});
    if (!imported) return imported.error();
    milepost::ExportOptions options;
    options.format = milepost::format_of_extension(to).value_or(milepost::FileFormat::milepost);
    options.save.compact = !keeps_storages;
    options.save.durable = false;
    auto written = milepost::export_file(to, imported->checkpoint, options);
    if (!written) return written.error();
    return imported->source->check_unchanged();
}

/// Removes the option if it is the first argument.
bool take(std::span<char*>& arguments, std::string_view option) {
    const bool is_given = !arguments.empty() && arguments.front() == option;
    if (is_given) arguments = arguments.subspan(1);
    return is_given;
}

milepost::Result<void> dump_tensor(const std::string& name, const milepost::TensorView& tensor) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(tensor.nbytes()));
    auto copied = tensor.copy_to(bytes);
    if (!copied) return copied;
    std::string line = milepost::escape(name) + '\t' + std::string(tensor.dtype().name) + '\t';
    for (const std::uint64_t dim : tensor.shape())
        line += std::to_string(dim) + ',';
    line += '\t';
    for (const std::byte byte : bytes) {
        line += "0123456789abcdef"[std::to_integer<unsigned>(byte) >> 4U];
        line += "0123456789abcdef"[std::to_integer<unsigned>(byte) & 15U];
    }
    (void)std::puts(line.c_str());
    return {};
}

milepost::Result<void> dump(const std::string& from) {
    const auto imported = milepost::import_file(from);
    if (!imported) return imported.error();
    for (const auto& [name, tensor] : milepost::named_tensors(imported->checkpoint)) {
        auto dumped = dump_tensor(name, tensor);
        if (!dumped) return dumped;
    }
    for (const auto& [name, value] : imported->checkpoint.values())
        (void)std::puts((name + '\t' + milepost::to_string(value)).c_str());
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    auto arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
    const milepost::Limits limits = take(arguments, "--small") ? small_limits() : milepost::Limits();
    const bool keeps_storages = take(arguments, "--keep-storages");
    if (arguments.size() != 2) {
        (void)std::fputs(
            "usage: convert_tool [--small] [--keep-storages] IN OUT, or convert_tool --dump IN\n", stderr);
        return kUsage;
    }
    const bool dumps = std::string_view(arguments[0]) == "--dump";
    const auto converted =
        dumps ? dump(arguments[1]) : convert(arguments[0], arguments[1], limits, keeps_storages);
    if (converted) return 0;
    (void)std::fprintf(stderr, "%s\n", converted.error().to_string().c_str());
    return kRefused;
}
