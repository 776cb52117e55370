// What a checked open costs, as a ratio to the least that any checked open of the same file must do: the
// system calls, one read of the index, and one XXH3 pass over it. System calls cost three times as much on
// one machine as on another, memory and hashing do not; a floor with all three makes ratios of different
// machines comparable.

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef MILEPOST_XXHASH_DISPATCH
#include <xxh_x86dispatch.h>  // makes XXH3_128bits the fastest one of the machine, as the library uses it
#endif
#include <xxhash.h>

#include <milepost/milepost.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
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

constexpr std::size_t kFooterNbytes = 64;  // also the size of the header

/// Reads exactly `nbytes`, or ends the program: the floor is not worth an error path.
void read_at(int file, std::uint64_t offset, std::span<unsigned char> to) {
    if (::pread(file, to.data(), to.size(), static_cast<off_t>(offset)) != static_cast<ssize_t>(to.size()))
        std::abort();
}

/// Opens, maps and closes the file: the system calls of any mapped open.
template <class Between>
void with_mapped_file(const std::string& path, Between between) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat status {};
    if (file < 0 || ::fstat(file, &status) != 0) std::abort();
    const auto nbytes = static_cast<std::uint64_t>(status.st_size);
    between(file, nbytes);
    void* mapped = ::mmap(nullptr, static_cast<std::size_t>(nbytes), PROT_READ, MAP_SHARED, file, 0);
    benchmark::DoNotOptimize(mapped);
    ::munmap(mapped, static_cast<std::size_t>(nbytes));
    ::close(file);
}

void system_calls_once(const std::string& path) {
    with_mapped_file(path, [](int, std::uint64_t) {});
}

/// The system calls, and the index read into memory and hashed: docs/format.md, sections 3, 5 and 7.
void floor_once(const std::string& path) {
    with_mapped_file(path, [](int file, std::uint64_t nbytes) {
        unsigned char header[kFooterNbytes], footer[kFooterNbytes];
        read_at(file, 0, header);
        read_at(file, nbytes - kFooterNbytes, footer);
        std::uint64_t index_offset = 0;
        std::uint32_t index_nbytes = 0;
        std::memcpy(&index_offset, footer + 16, sizeof index_offset);
        std::memcpy(&index_nbytes, footer + 24, sizeof index_nbytes);
        const auto index = std::make_unique_for_overwrite<unsigned char[]>(index_nbytes);
        read_at(file, index_offset, {index.get(), index_nbytes});
        const XXH128_hash_t hash = XXH3_128bits(index.get(), index_nbytes);
        benchmark::DoNotOptimize(hash);
    });
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

/// All by turns, so that noise of the machine affects all of them alike.
void ratio(benchmark::State& state) {
    const std::string path = make_file(static_cast<std::size_t>(state.range(0)));
    std::vector<double> calls, floors, opens;
    for (auto _ : state) {
        calls.push_back(microseconds([&] { system_calls_once(path); }));
        floors.push_back(microseconds([&] { floor_once(path); }));
        opens.push_back(microseconds([&] { open_once(path); }));
        state.SetIterationTime((calls.back() + floors.back() + opens.back()) * 1e-6);
    }
    state.counters["open_us"] = median(opens);
    state.counters["calls_us"] = median(calls);
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
