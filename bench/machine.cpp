#include "machine.hpp"

#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <algorithm>
#include <cstddef>
#ifdef MILEPOST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>
#endif
#include <xxhash.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <milepost/version.hpp>

#include "files.hpp"
#include "units.hpp"

namespace bench {

namespace {

/// The value of the first line of a file that begins with `key`, after its colon.
std::string value_in(const char* path, const std::string& key) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
        return begin == std::string::npos ? "" : line.substr(begin);
    }
    return "unknown";
}

std::string instructions() {
    const std::string flags = " " + value_in("/proc/cpuinfo", "flags") + " ";
    std::string found;
    for (const char* flag : {"avx2", "avx512bw", "avx512_vbmi2"}) {
        if (flags.find(std::string(" ") + flag + " ") != std::string::npos)
            found += std::string(found.empty() ? "" : " ") + flag;
    }
    return found.empty() ? "neither AVX2 nor AVX-512" : found;
}

/// Type and device of the file system that holds the folder: of all mounts, the one with the longest path
/// above it.
std::string file_system_of(const std::filesystem::path& folder) {
    const std::string path = std::filesystem::weakly_canonical(folder).string() + "/";
    std::ifstream mounts("/proc/self/mounts");
    std::string found = "unknown";
    std::size_t longest = 0;
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        std::string device, target, type, options;
        words >> device >> target >> type >> options;
        const std::string prefix = target == "/" ? target : target + "/";
        if (path.starts_with(prefix) && prefix.size() >= longest) {
            longest = prefix.size();
            found = type + " on " + device + " (" + options + ")";
        }
    }
    return found;
}

std::string kernel() {
    utsname name{};
    return ::uname(&name) == 0 ? std::string(name.sysname) + " " + name.release + " " + name.machine
                               : "unknown";
}

/// How much of a cached file one page fault maps, on average. Linux does not tell the folio size of the page
/// cache: with folios of 4 KiB this is 64 KiB at most (the kernel maps pages around the fault), with large
/// ones it can be more.
std::string page_cache_of(const std::filesystem::path& folder) {
    constexpr std::size_t kNbytes = std::size_t{16} << 20U;
    const ScratchFolder scratch(folder);
    const std::string path = scratch.file("faults");
    write_buffered(path, std::vector<std::byte>(kNbytes), false);
    const Mapping mapping(path);
    rusage before{}, after{};
    ::getrusage(RUSAGE_SELF, &before);
    unsigned sum = 0;
    for (std::size_t i = 0; i < kNbytes; i += 4096)
        sum += std::to_integer<unsigned>(mapping.bytes()[i]);
    benchmark::DoNotOptimize(sum);
    ::getrusage(RUSAGE_SELF, &after);
    const auto faults = static_cast<std::size_t>(std::max(after.ru_minflt - before.ru_minflt, 1L));
    return std::to_string(kNbytes / faults / 1024) + " KiB of a cached file for each page fault";
}

std::string huge_pages() {
    std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
    std::string text;
    std::getline(file, text);
    return text.empty() ? "unknown" : text;
}

std::string libraries() {
    std::string text = "milepost " MILEPOST_VERSION;
    const unsigned xxhash = XXH_versionNumber();
    text += ", xxHash " + std::to_string(xxhash / 10000) + "." + std::to_string(xxhash / 100 % 100) + "." +
            std::to_string(xxhash % 100);
    return text + ", simdjson " + SIMDJSON_STRINGIFY(SIMDJSON_VERSION);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> describe_machine(const std::filesystem::path& folder) {
    return {
        {"processor", value_in("/proc/cpuinfo", "model name")},
        {"instructions", instructions()},
        {"cores", std::to_string(std::thread::hardware_concurrency())},
        {"memory", value_in("/proc/meminfo", "MemTotal")},
        {"kernel", kernel()},
        {"huge pages", huge_pages()},
        {"file system", file_system_of(folder)},
        {"page cache", page_cache_of(folder)},
        {"compiler", std::string("C++ ") + __VERSION__},
        {"libraries", libraries()},
    };
}

}  // namespace bench
