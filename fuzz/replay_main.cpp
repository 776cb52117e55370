// Calls a fuzz target for each file named, and for each file below each folder named: the corpus as a test,
// under any compiler. A finding ends the process.
//
//     fuzz_TARGET FILE_OR_FOLDER...
//     fuzz_TARGET --random COUNT SEED    inputs of random bytes, for sanitizers that libFuzzer does not have

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "assertions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes);

namespace {

bool is_random = false;

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
    std::vector<fs::path> files;
    if (!fs::is_directory(path)) return {path};
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

bool replay(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
    if (!file.good() && !file.eof()) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return false;
    }
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);  // the last line names the input of a finding
    // Memory of exactly its size: a read beyond it is seen.
    const auto input = std::make_unique<std::uint8_t[]>(content.size());
    std::copy(content.begin(), content.end(), input.get());
    LLVMFuzzerTestOneInput(input.get(), content.size());
    return true;
}

/// Up to 1 KiB each. Prints the number of the input from time to time: a finding can be run again with it.
int run_random(std::uint64_t count, std::uint64_t seed) {
    is_random = true;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::mt19937_64 random(seed + i);
        std::vector<std::uint8_t> input(random() % 1024);
        std::generate(input.begin(), input.end(), [&] { return static_cast<std::uint8_t>(random()); });
        if (i % 1000 == 0) std::fprintf(stderr, "seed %llu\n", static_cast<unsigned long long>(seed + i));
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
    std::printf("%llu random inputs\n", static_cast<unsigned long long>(count));
    return 0;
}

}  // namespace

bool milepost::fuzz::in_campaign() noexcept {
    return is_random;
}

int main(int count, char** arguments) {
    if (count == 4 && std::string_view(arguments[1]) == "--random")
        return run_random(std::strtoull(arguments[2], nullptr, 10), std::strtoull(arguments[3], nullptr, 10));
    std::size_t replayed = 0;
    for (int i = 1; i < count; ++i) {
        for (const fs::path& path : files_of(arguments[i])) {
            if (!replay(path)) return 1;
            ++replayed;
        }
    }
    std::printf("%zu inputs\n", replayed);
    return replayed == 0 ? 1 : 0;  // a corpus that is not there is no pass
}
