// convert_tool [--small] IN OUT: imports a file of any format and saves it, for tests that compare with other
// programs. Prints nothing on success; otherwise "code/condition: message", and exits with 2. The file has
// the bytes that milepost.save(torch.load(IN), OUT) would write in Python. --small: limits of some megabytes,
// so that a test sees whether memory is bounded by them.

#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/writer.hpp>

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

milepost::Result<void> convert(const std::string& from, const std::string& to,
                               const milepost::Limits& limits) {
    auto imported = milepost::import_file(from, {.limits = limits});
    if (!imported) return imported.error();
    const milepost::SaveOptions as_python{.compact = true, .durable = false};
    auto saved = milepost::save(to, imported->checkpoint, as_python);
    if (!saved) return saved.error();
    return imported->source->check_unchanged();
}

}  // namespace

int main(int argc, char** argv) {
    std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    arguments = arguments.subspan(1);
    milepost::Limits limits;
    if (!arguments.empty() && std::string_view(arguments.front()) == "--small") {
        limits = small_limits();
        arguments = arguments.subspan(1);
    }
    if (arguments.size() != 2) {
        (void)std::fputs("usage: convert_tool [--small] IN OUT\n", stderr);
        return kUsage;
    }
    const auto converted = convert(arguments[0], arguments[1], limits);
    if (converted) return 0;
    (void)std::fprintf(stderr, "%s\n", converted.error().to_string().c_str());
    return kRefused;
}
