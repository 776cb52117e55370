// A program for fault_matrix.py, which says what it must do: saves fixed content with ReplacingFile alone.
//
//     replace_driver [--keep-previous] [--create-only] [--no-reserve] [--direct] TARGET
//         replaces TARGET with the NEW content; with --direct with a larger one, past the page cache
//     replace_driver --in-place TARGET
//         the same as it must not be done: the matrix has to find that out
//     replace_driver --old TARGET
//         makes TARGET with the OLD content

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "platform/replace.hpp"

namespace {

using milepost::Result;
using milepost::platform::ReplaceOptions;
using milepost::platform::ReplacingFile;

constexpr std::size_t kOldSize = 100'003;
constexpr std::size_t kNewSize = 70'001;
constexpr std::size_t kStep = 20'000;  // bytes of one write: four of them make NEW
constexpr std::size_t kDirectStep = std::size_t{1} << 20U;
constexpr std::size_t kDirectSize = 2 * kDirectStep + kNewSize;

// Content that differs at every offset. Static: the fault at hand is in saving, not in making what is saved.
std::span<const std::byte> content(std::size_t nbytes, unsigned seed) {
    alignas(4096) static std::byte bytes[kDirectSize];
    unsigned state = seed;
    for (std::byte& byte : bytes) {
        state = state * 1664525U + 1013904223U;
        byte = static_cast<std::byte>(state >> 24U);
    }
    return std::span(bytes).first(nbytes);
}

Result<void> replace(const std::string& path, std::span<const std::byte> bytes, const ReplaceOptions& options,
                     bool reserve, std::size_t step) {
    auto file = ReplacingFile::create(path, options);
    if (!file) return std::move(file).error();
    if (reserve) {
        // More than is needed, as a saver does that cannot know what compression will win.
        if (auto done = file->reserve(bytes.size() + kStep); !done) return done;
    }
    for (std::size_t at = 0; at < bytes.size(); at += step) {
        const std::size_t count = std::min(step, bytes.size() - at);
        if (auto done = file->write(at, bytes.subspan(at, count)); !done) return done;
    }
    return file->commit(bytes.size());
}

// No temporary, no fsync, no look at what a call answers.
int replace_in_place(const char* path, std::span<const std::byte> bytes) {
    std::FILE* const file = std::fopen(path, "wb");
    if (file == nullptr) return 0;
    std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
    return 0;
}

int run(int argc, char** argv) {
    ReplaceOptions options;
    bool old = false;
    bool reserve = true;
    bool in_place = false;
    bool direct = false;
    const char* target = nullptr;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--old")
            old = true;
        else if (word == "--keep-previous")
            options.keep_previous = true;
        else if (word == "--create-only")
            options.create_only = true;
        else if (word == "--no-reserve")
            reserve = false;
        else if (word == "--direct")
            direct = true;
        else if (word == "--in-place")
            in_place = true;
        else
            target = argv[i];
    }
    if (target == nullptr) {
        std::fputs(
            "usage: replace_driver [--old] [--keep-previous] [--create-only] [--no-reserve] [--direct] TARGET\n",
            stderr);
        return 2;
    }
    if (in_place) return replace_in_place(target, content(kNewSize, 2));
    std::string path;
    try {
        path = target;
    } catch (const std::bad_alloc&) {
        std::puts("io_error/out_of_memory: in the driver itself");
        return 1;
    }
    // Nothing is caught from here on: what the library throws shall end the driver, and be seen.
    const Result<void> done =
        replace(path, old ? content(kOldSize, 1) : content(direct ? kDirectSize : kNewSize, 2), options,
                reserve, direct ? kDirectStep : kStep);
    if (done) return 0;
    const std::string_view code = name(done.error().code());
    const std::string_view condition = name(done.error().condition());
    std::printf("%.*s/%.*s: %s\n", static_cast<int>(code.size()), code.data(),
                static_cast<int>(condition.size()), condition.data(), done.error().message().c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    return run(argc, argv);
}
