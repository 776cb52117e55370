// What a checked open costs, as a ratio to the system calls that any open of the same file makes. Prints the
// ratio of the medians of one run, since only that travels from one machine to another.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <milepost/milepost.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

/// A transformer's state_dict: 2-D weights and 1-D biases under names of some 30 bytes.
std::string make_file(std::size_t tensors) {
    const std::string path =
        std::filesystem::temp_directory_path() / ("bench_open_" + std::to_string(tensors) + ".milepost");
    std::vector<float> bytes(1024);
    milepost::SaveOptions options;
    options.durable = false;
    auto writer = milepost::Writer::create(path, options);
    milepost::Checkpoint checkpoint;
    static const char* const kParts[] = {"attention.query.weight",
                                         "attention.key.weight",
                                         "attention.value.weight",
                                         "attention.output.weight",
                                         "mlp.up.weight",
                                         "mlp.down.weight",
                                         "norm.weight",
                                         "norm.bias"};
    for (std::size_t i = 0; i < tensors; ++i) {
        bytes[0] = static_cast<float>(i);
        const milepost::Shape shape = i % 8 < 6 ? milepost::Shape{32, 32} : milepost::Shape{1024};
        auto written = writer->add(milepost::TensorView::of(std::span<const float>(bytes), shape));
        if (!written) std::abort();
        checkpoint.model("model")["layers." + std::to_string(i / 8) + "." + kParts[i % 8]] = *written;
    }
    if (!writer->commit(checkpoint)) std::abort();
    return path;
}

void floor_once(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    ::fstat(file, &status);
    void* mapped = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, file, 0);
    benchmark::DoNotOptimize(mapped);
    ::munmap(mapped, static_cast<std::size_t>(status.st_size));
    ::close(file);
}

void open_once(const std::string& path) {
    auto file = milepost::Reader::open(path, {.access = milepost::Access::mapped});
    if (!file) std::abort();
    benchmark::DoNotOptimize(*file);
}

template <class Call>
double microseconds(Call call) {
    const auto begin = Clock::now();
    call();
    return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> times) {
    std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                     times.end());
    return times[times.size() / 2];
}

/// Both by turns, so that the machine's moods hit both.
void ratio(benchmark::State& state) {
    const std::string path = make_file(static_cast<std::size_t>(state.range(0)));
    std::vector<double> floors, opens;
    for (auto _ : state) {
        floors.push_back(microseconds([&] { floor_once(path); }));
        opens.push_back(microseconds([&] { open_once(path); }));
        state.SetIterationTime((floors.back() + opens.back()) * 1e-6);
    }
    state.counters["open_us"] = median(opens);
    state.counters["floor_us"] = median(floors);
    state.counters["ratio"] = median(opens) / median(floors);
    std::filesystem::remove(path);
}

}  // namespace

BENCHMARK(ratio)
    ->Name("open_over_floor")
    ->Arg(100)
    ->Arg(1000)
    ->Arg(10000)
    ->Arg(100000)
    ->UseManualTime()
    ->MinTime(0.3);

BENCHMARK_MAIN();
