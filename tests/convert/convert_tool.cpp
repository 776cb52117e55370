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

#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

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

}  // namespace

int main(int argc, char** argv) {
    auto arguments = std::span(argv, static_cast<std::size_t>(argc)).subspan(1);
    const milepost::Limits limits = take(arguments, "--small") ? small_limits() : milepost::Limits();
    const bool keeps_storages = take(arguments, "--keep-storages");
    if (arguments.size() != 2) {
        (void)std::fputs("usage: convert_tool [--small] [--keep-storages] IN OUT\n", stderr);
        return kUsage;
    }
    const auto converted = convert(arguments[0], arguments[1], limits, keeps_storages);
    if (converted) return 0;
    (void)std::fprintf(stderr, "%s\n", converted.error().to_string().c_str());
    return kRefused;
}
