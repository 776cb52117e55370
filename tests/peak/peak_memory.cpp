// Measures what saving and loading take beyond the caller's tensors: peak_memory FOLDER MIB. Prints the
// growth of the peak resident size for each codec, and fails above 64 MiB. The kernel counts; nothing is
// timed.

#include <milepost/milepost.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::uint64_t kAllowedKib = 64 * 1024;
constexpr std::size_t kTensorNbytes = std::size_t{32} << 20U;

/// A line of /proc/self/status, in KiB.
std::uint64_t status_kib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size() + 1, nullptr, 10);
    }
    std::cerr << "no " << key << " in /proc/self/status\n";
    std::exit(77);
}

/// Peak growth while `call` runs.
template <class Call>
std::uint64_t growth_kib(Call call) {
    std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
    const std::uint64_t before = status_kib("VmRSS");
    call();
    const std::uint64_t peak = status_kib("VmHWM");
    return peak > before ? peak - before : 0;
}

[[noreturn]] void fail(const milepost::Error& error) {
    std::cerr << error.to_string() << '\n';
    std::exit(1);
}

/// Half noise, half zeros: compresses, but not to nothing.
std::vector<std::vector<float>> make_tensors(std::size_t mib) {
    std::vector<std::vector<float>> tensors((mib << 20U) / kTensorNbytes);
    std::uint64_t state = 1;
    for (auto& tensor : tensors) {
        tensor.resize(kTensorNbytes / sizeof(float));
        for (std::size_t i = 0; i < tensor.size(); i += 2) {
            state = state * 6364136223846793005ULL + 1442695040888963407ULL;
            tensor[i] = static_cast<float>(state >> 40U);
        }
    }
    return tensors;
}

void save_all(const std::string& path, const std::vector<std::vector<float>>& tensors,
              milepost::Codec codec) {
    milepost::Checkpoint checkpoint;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        checkpoint.model("model")["layer." + std::to_string(i)] =
            milepost::TensorView::of(std::span<const float>(tensors[i]), {tensors[i].size()});
    }
    if (auto saved = milepost::save(path, checkpoint, {.codec = codec}); !saved) fail(saved.error());
}

/// Into the caller's own memory. Read access: a mapped file's pages would count although they are the
/// kernel's.
void load_all(const std::string& path, std::vector<std::vector<float>>& tensors) {
    auto file = milepost::Reader::open(path, {.access = milepost::Access::read});
    if (!file) fail(file.error());
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        auto tensor = file->tensor("model", "layer." + std::to_string(i));
        if (!tensor) fail(tensor.error());
        const auto to = std::as_writable_bytes(std::span(tensors[i]));
        if (auto copied = tensor->copy_to(to); !copied) fail(copied.error());
    }
}

bool judge(const char* what, const char* codec, std::uint64_t grown) {
    std::printf("%s %s: %.1f MiB beyond the tensors\n", what, codec, static_cast<double>(grown) / 1024);
    return grown <= kAllowedKib;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string path = (std::filesystem::path(argv[1]) / "peak_memory.milepost").string();
    auto tensors = make_tensors(std::strtoull(argv[2], nullptr, 10));
    const auto expected = tensors;
    bool fits = true;
    for (const auto& [codec, name] :
         {std::pair(milepost::Codec::raw, "raw"), std::pair(milepost::Codec::zstd, "zstd")}) {
        fits &= judge("save", name, growth_kib([&, codec = codec] { save_all(path, tensors, codec); }));
        fits &= judge("load", name, growth_kib([&] { load_all(path, tensors); }));
        if (tensors != expected) {
            std::cerr << "what was loaded is not what was saved\n";
            fits = false;
        }
    }
    std::filesystem::remove(path);
    return fits ? 0 : 1;
}
