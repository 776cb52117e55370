// What a file of at most 1 MiB costs after it was opened: each call within 64 MiB and, in a campaign, 100 ms.
// The first byte of the input chooses: a file (0), or a checkpoint of a kind that is expensive for a naive
// reader, with two sizes from the input. A path may be as long as the file, so that the target asks for as
// many of them as fill 16 MiB.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "input.hpp"
#include "support/reseal.hpp"

namespace milepost::fuzz {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kMaxFileNbytes = std::size_t{1} << 20U;
constexpr std::uint64_t kMaxMemory = std::uint64_t{64} << 20U;
constexpr std::uint64_t kMaxPathNbytes = std::uint64_t{16} << 20U;
/// 100 ms, times what a sanitizer and a busy machine may take. Not asked for in a replay.
[[maybe_unused]] constexpr std::chrono::milliseconds kMaxTime{4000};

/// Measures one call. `allowed` is memory beyond the common bound.
class CallWatch {
public:
    explicit CallWatch(std::string_view call, std::uint64_t allowed = 0) : call_(call), allowed_(allowed) {}
    ~CallWatch() {
        require(memory_.peak() <= kMaxMemory + allowed_, std::string(call_) + " takes at most 64 MiB");
#ifdef MILEPOST_FUZZ_CAMPAIGN
        require(Clock::now() - begin_ <= kMaxTime, std::string(call_) + " ends soon");
#endif
    }
    CallWatch(const CallWatch&) = delete;
    CallWatch& operator=(const CallWatch&) = delete;

private:
    using Clock = std::chrono::steady_clock;

    std::string_view call_;
    std::uint64_t allowed_;
    MemoryWatch memory_;
    Clock::time_point begin_ = Clock::now();
};

/// The expensive kinds. All tensors are empty or view the same zeros.
class Expensive {
public:
    Expensive(std::size_t many, std::size_t long_one) : many_(many), long_(long_one) {}

    /// `kind` from 1 to kKinds.
    static constexpr unsigned kKinds = 8;
    Checkpoint make(unsigned kind) {
        switch (kind) {
            case 1:
                return shared_chunks();
            case 2:
                return deep();
            case 3:
                return models();
            case 4:
                return long_key();
            case 5:
                return ranks();
            case 6:
                return nulls();
            case 7:
                return states();
            default:
                return long_names();
        }
    }

private:
    Checkpoint shared_chunks() {
        zeros_.resize(std::min<std::size_t>(long_, 64) << 20U);
        List list;
        for (std::size_t i = 0; i < many_; ++i)
            list.items.emplace_back(TensorView::of(std::span(std::as_const(zeros_)), {zeros_.size()}));
        return value(std::string(4096, 'v'), std::move(list));
    }
    Checkpoint deep() const {
        List inner = tensors();
        for (std::size_t i = 0; i < 60; ++i)
            inner = List{std::vector<Value>(1, Value(std::move(inner)))};
        List root{std::vector<Value>(long_)};
        root.items.emplace_back(std::move(inner));
        return value("v", std::move(root));
    }
    Checkpoint models() const {
        Checkpoint checkpoint;
        for (std::size_t i = 0; i < many_; ++i)
            checkpoint.model(std::to_string(i));
        return checkpoint;
    }
    Checkpoint long_key() const {
        return value("v", Dict{{{std::string(long_, 'k'), tensors()}}, {}, DictSubtype::dict});
    }
    Checkpoint ranks() const {
        List list;
        for (std::size_t i = 0; i < many_; ++i)
            list.items.emplace_back(TensorView::of(std::span<const std::uint8_t>(), Shape(64, 0)));
        return value("v", std::move(list));
    }
    Checkpoint nulls() const { return value("v", List{std::vector<Value>(4 * many_)}); }
    Checkpoint states() const {
        Checkpoint checkpoint;
        OptimizerState& optimizer = checkpoint.optimizer(std::string(long_ % 4096 + 1, 'o'));
        for (std::size_t i = 0; i < many_; ++i) {
            optimizer.param_groups.emplace_back().params = {i};
            optimizer.state[i]["s"] = TensorView();
        }
        return checkpoint;
    }
    Checkpoint long_names() const {
        Checkpoint checkpoint;
        for (std::size_t i = 0; i < many_; ++i)
            checkpoint.model(std::string(4090, 'm'))[std::to_string(i)] = TensorView();
        return checkpoint;
    }

    [[nodiscard]] List tensors() const { return List{std::vector<Value>(many_, Value(TensorView()))}; }
    static Checkpoint value(std::string name, Value value) {
        Checkpoint checkpoint;
        checkpoint.values().add(std::move(name), std::move(value));
        return checkpoint;
    }

    std::size_t many_;
    std::size_t long_;
    std::vector<std::uint8_t> zeros_;
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
    const std::size_t many = input.number<std::uint16_t>(), long_one = input.number<std::uint16_t>();
    Expensive expensive(many, long_one);
    MemorySink sink;
    const auto saved = save(sink, expensive.make(kind), {.codec = Codec::zstd, .threads = 1});
    if (!saved) return {};
    Bytes file = sink.bytes();
    if (is_damaged) damage(file);
    return file;
}

/// Bytes of the shapes and strides of all views: what makes lists of views larger than the common bound.
std::uint64_t dims_nbytes(const Reader& reader) {
    std::uint64_t nbytes = 0;
    for (std::uint32_t i = 0; i < reader.tensor_count(); ++i) {
        const auto tensor = reader.tensor_at(i);
        nbytes += (tensor->shape().size() + tensor->strides().size()) * sizeof(std::uint64_t);
    }
    return nbytes;
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
    const std::uint64_t dims = 2 * dims_nbytes(reader);
    {
        const CallWatch watch("tensors()", dims);
        require(reader.tensors().size() == reader.tensor_count(), "tensors() has all of them");
    }
    {
        const CallWatch watch("storages()");
        (void)reader.storages();
    }
    const CallWatch watch("checkpoint()", dims);
    if (const auto checkpoint = reader.checkpoint(); !checkpoint) check_error(checkpoint.error());
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
    return 0;
}
