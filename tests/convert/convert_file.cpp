// Converts a file for the oracles of tests/convert, which are written in Python:
//
//     convert_file [--lossy] IN OUT
//
// The format of OUT is that of its extension. Prints the error, or what is lost.

#include <cstdio>
#include <cstring>
#include <string>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

namespace {

int fail(const milepost::Error& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const bool lossy = argc > 1 && std::strcmp(argv[1], "--lossy") == 0;
    if (argc != (lossy ? 4 : 3)) return 2;
    const std::string to = argv[argc - 1];
    const auto imported = milepost::import_file(argv[argc - 2]);
    if (!imported) return fail(imported.error());
    milepost::ExportOptions options;
    options.format = milepost::format_of_extension(to).value_or(milepost::FileFormat::milepost);
    options.lossy = lossy;
    options.save.durable = false;
    for (const milepost::Loss& loss : milepost::find_losses(imported->checkpoint, options.format))
        std::printf("%s: %s\n", milepost::escape(loss.path).c_str(), milepost::escape(loss.reason).c_str());
    const auto written = milepost::export_file(to, imported->checkpoint, options);
    return written ? 0 : fail(written.error());
}
