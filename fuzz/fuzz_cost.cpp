// What a file of at most 1 MiB costs after it was opened: each call within 64 MiB and, in a campaign, 100 ms.
// The first byte of the input chooses: a file (0), or a checkpoint of a kind that is expensive for a naive
// reader, with two sizes from the input. A path may be as long as the file, so that the target asks for as
// many of them as fill 16 MiB.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "expensive.hpp"
#include "input.hpp"
#include "support/reseal.hpp"

namespace milepost::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kMaxFileNbytes = std::size_t{1} << 20U;
constexpr std::uint64_t kMaxMemory = std::uint64_t{64} << 20U;
#if defined(__has_feature)
#define MILEPOST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define MILEPOST_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || MILEPOST_HAS_FEATURE(address_sanitizer)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif

constexpr std::uint64_t kMaxPathNbytes = std::uint64_t{16} << 20U;
/// Of CPU time, so that a busy machine does not count; more for what a sanitizer takes.
constexpr std::chrono::milliseconds kMaxTime{kHasSanitizer ? 4000 : 100};

using Milliseconds = std::chrono::duration<double, std::milli>;

/// CPU time of the process so far.
Milliseconds cpu_time() {
    return std::chrono::duration<double>(static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
}

/// The most that any call of a name took. Printed when the process ends.
class Worst {
public:
    Worst() = default;
    Worst(const Worst&) = delete;
    Worst& operator=(const Worst&) = delete;
    ~Worst() {
        for (const auto& [call, cost] : costs_) {
            std::printf("%s: at most %.1f ms, %.1f MiB\n", call.c_str(), cost.time.count(),
                        static_cast<double>(cost.nbytes) / (1U << 20U));
        }
    }
    void add(const std::string& call, Milliseconds time, std::uint64_t nbytes) {
        Cost& cost = costs_[call];
        cost = {std::max(cost.time, time), std::max(cost.nbytes, nbytes)};
    }

private:
    struct Cost {
        Milliseconds time{};
        std::uint64_t nbytes = 0;
    };
    std::map<std::string, Cost> costs_;
};

Worst worst;

/// Measures one call. Times are asserted in a campaign only: the corpus is a test, and no test is timed.
class CallWatch {
public:
    explicit CallWatch(std::string call) : call_(std::move(call)) {}
    ~CallWatch() {
        const Milliseconds time = cpu_time() - begin_;
        const std::uint64_t nbytes = memory_.peak();
        worst.add(call_, time, nbytes);
        require(nbytes <= kMaxMemory, call_ + " takes at most 64 MiB");
        require(!in_campaign() || time <= kMaxTime, call_ + " ends soon");
    }
    CallWatch(const CallWatch&) = delete;
    CallWatch& operator=(const CallWatch&) = delete;

private:
    std::string call_;
    Milliseconds begin_ = cpu_time();
    MemoryWatch memory_;
};

/// Damages some byte of every 64 before the index.
void damage(Bytes& file) {
    const auto footer = testing::last_footer(file);
    for (std::size_t at = 4096 + 20; footer && at < footer->placement.index_offset; at += 64)
        file[at] ^= std::byte{1};
}

Bytes make_file(Input& input) {
    const unsigned kind = input.below(Expensive::kKinds + 1);
    if (kind == 0) return testing::complete(input.rest());
    const bool is_damaged = input.below(2) == 1;
    std::size_t many = input.number<std::uint16_t>(), long_one = input.number<std::uint16_t>();
    for (;; many = many / 4 * 3, long_one = long_one / 4 * 3) {
        Expensive expensive(many, long_one);
        MemorySink sink;
        if (!save(sink, expensive.make(kind), {.codec = Codec::zstd, .threads = 1})) return {};
        if (sink.bytes().size() > kMaxFileNbytes) continue;  // smaller then
        Bytes file = sink.bytes();
        if (is_damaged) damage(file);
        return file;
    }
}

void list_tensors(const Reader& reader) {
    const CallWatch watch("a listing");
    std::uint64_t nbytes = 0;
    for (std::uint32_t i = 0; i < reader.tensor_count() && nbytes < kMaxPathNbytes; ++i) {
        nbytes += reader.tensor_path(i).size();
        require(reader.tensor_at(i).has_value(), "each number is a tensor");
    }
}

void look_up(const Reader& reader) {
    for (const std::string_view path : {"no/such", "v/no/such", "v/0/0/0", "m/x", "///"}) {
        const CallWatch watch("a look-up");
        const auto tensor = reader.tensor(path);
        if (!tensor) check_error(tensor.error());
    }
    for (const std::uint32_t number :
         {std::uint32_t{0}, reader.tensor_count() / 2, reader.tensor_count() - 1}) {
        if (number >= reader.tensor_count()) continue;
        const std::string path = reader.tensor_path(number);
        const CallWatch watch("a look-up of a tensor");
        require(reader.tensor(path).has_value(), "a tensor is found by its path");
    }
    const CallWatch watch("looking up all parts");
    for (const std::string& name : reader.models())
        require(reader.model(name).has_value() || reader.tensor_count() != 0, "a model is found by its name");
}

void check_verify(const Reader& reader) {
    const CallWatch watch("verify");
    const auto report = verify(reader, {.threads = 1});
    require(report.has_value() && report->damage.size() <= report->damage_count,
            "verify() ends with a report");
    for (const Damage& damage : report->damage)
        check_error(damage.error);
}

void decode(const Reader& reader) {
    {
        const CallWatch watch("tensors()");
        require(reader.tensors().size() == reader.tensor_count(), "tensors() has all of them");
    }
    {
        const CallWatch watch("storages()");
        (void)reader.storages();
    }
    {
        const CallWatch watch("digest()");
        (void)reader.digest();
    }
    {
        const CallWatch watch("all digests of tensors");
        for (std::uint32_t i = 0; i < reader.tensor_count(); ++i)
            require(reader.tensor_digest(i).has_value(), "each tensor has a digest");
    }
    const CallWatch watch("checkpoint()");
    if (const auto checkpoint = reader.checkpoint(); !checkpoint) check_error(checkpoint.error());
}

void load_model(const Reader& reader, const std::string& model, const LoadOptions& options) {
    ModelTarget target;
    std::uint64_t names = 0;
    for (const TensorView& tensor : reader.tensors(model)) {
        if ((names += tensor.name().size() + 1) > kMaxPathNbytes) break;
        target.adopt(std::string(tensor.name()), tensor.dtype().code, tensor.shape(),
                     [](const TensorView&) {});
    }
    const CallWatch watch("load_into of a model");
    if (const auto report = load_into(reader, model, target, options); !report) check_error(report.error());
}

void load_optimizer(const Reader& reader, const std::string& optimizer, const LoadOptions& options) {
    OptimizerTarget target;
    Entries hyperparameters, rest;
    for (unsigned i = 0; i < 3; ++i)
        target.group(hyperparameters).param(std::to_string(i), {1}).rest = &rest;
    const CallWatch watch("load_into of an optimizer");
    const auto report = load_into(reader, optimizer, target, options);
    if (!report) check_error(report.error());
}

/// Parts of the file with other names, and with its own, which have the most to compare. Some of many parts.
void load(const Reader& reader, LoadOptions options) {
    constexpr std::size_t kParts = 4;
    const auto models = reader.models(), optimizers = reader.optimizers();
    for (std::size_t i = 0; i < std::min(kParts, models.size()); ++i)
        load_model(reader, models[i], options);
    for (std::size_t i = 0; i < std::min(kParts, optimizers.size()); ++i)
        load_optimizer(reader, optimizers[i], options);
    load_model(reader, "v", options);
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    using namespace milepost::fuzz;
    Input input(data, nbytes);
    const auto file = make_file(input);
    if (file.size() > kMaxFileNbytes) return 0;
    const auto reader = Reader::open(std::make_shared<MemorySource>(file), {.threads = 1});
    if (!reader) return 0;
    list_tensors(*reader);
    look_up(*reader);
    check_verify(*reader);
    decode(*reader);
    load(*reader, {.strict = false});
    load(*reader, {.cast = true, .mode = LoadMode::staged});
    return 0;
}
