// Programs against the public interface: adding, copying, moving and assigning parts of values; saving,
// loading, closing, damaging files; with allocations, Sources and Sinks that fail, now and then by an
// exception. Nothing may crash, hang or leak, and what a save says is saved can be opened. With some inputs
// several threads run programs of their own on one shared file.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "input.hpp"
#include "value_operations.hpp"

namespace milepost::fuzz {
namespace {

using FileBytes = std::vector<std::byte>;

/// Counts down to one call that fails: by an error or, if odd, by an exception.
class Failure {
public:
    explicit Failure(Input& input) : left_(input.one_in(4) ? static_cast<int>(input.below(64)) : -1) {}

    Result<void> step() {
        if (left_ < 0 || left_-- > 0) return {};
        if (throws_) throw std::runtime_error("made to fail");
        throws_ = true;
        return Error(Condition::read, "made to fail");
    }

private:
    int left_;
    bool throws_ = left_ % 2 == 1;
};

class FailingSink final : public Sink {
public:
    explicit FailingSink(Input& input) : failure_(input) {}
    Result<void> write(std::span<const std::byte> bytes) override {
        MILEPOST_TRY(failure_.step());
        return sink_.write(bytes);
    }
    Result<void> commit() override {
        MILEPOST_TRY(failure_.step());
        return sink_.commit();
    }

    [[nodiscard]] const MemorySink& sink() const noexcept { return sink_; }

private:
    MemorySink sink_;
    Failure failure_;
};

/// Owns its bytes. One of its calls can fail; only the thread that opens it calls it until then.
class FailingSource final : public Source {
public:
    FailingSource(FileBytes bytes, Input& input) : bytes_(std::move(bytes)), failure_(input) {}
    Result<std::uint64_t> size() const override { return std::uint64_t{bytes_.size()}; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (is_armed) MILEPOST_TRY(failure_.step());
        require(offset <= bytes_.size() && to.size() <= bytes_.size() - offset,
                "reads are within the source");
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
        return {};
    }

    bool is_armed = true;

private:
    FileBytes bytes_;
    MemorySource source_{bytes_};
    mutable Failure failure_;
};

/// Printed at the end of the process, for the record of a campaign.
struct OperationCount {
    OperationCount() = default;
    OperationCount(const OperationCount&) = delete;
    OperationCount& operator=(const OperationCount&) = delete;
    ~OperationCount() {
        std::fprintf(stderr, "%llu operations\n", static_cast<unsigned long long>(count.load()));
    }

    std::atomic<std::uint64_t> count = 0;
};
OperationCount operations;

/// One thread's program and what it works on.
class Program {
public:
    /// `shared` is a file that other programs use too, or nothing.
    Program(Input& input, std::optional<Reader> shared) : input_(input), shared_(std::move(shared)) {
        for (std::size_t i = 0; i < memory_.size(); ++i)
            memory_[i] = static_cast<float>(i);
    }

    void run() {
        while (!input_.empty()) {
            const FailingAllocation failing(input_.one_in(16) ? input_.number<std::uint8_t>() : -1);
            ++operations.count;
            try {
                step();
            } catch (const std::bad_alloc&) {
                // Calls that return plain values report a lack of memory so.
            }
        }
    }

private:
    void step() {
        switch (input_.below(12)) {
            case 0:
                return change_checkpoint();
            case 1:
                return save_checkpoint();
            case 2:
                return stream_checkpoint();
            case 3:
                return open_file();
            case 4:
                return use_reader();
            case 5:
                return use_view();
            case 6:
                return load();
            case 7:
                return close_or_damage();
            default:
                return values_.run(input_, view_);
        }
    }

    void change_checkpoint() {
        const std::string name = ValueOperations::name(input_);
        switch (input_.below(6)) {
            case 0:
                checkpoint_.model(name)[ValueOperations::name(input_)] = view_;
                return;
            case 1:
                static_cast<Entries&>(checkpoint_.model(name)) = values_.entries(input_);
                return;
            case 2: {
                OptimizerState& optimizer = checkpoint_.optimizer(name);
                if (optimizer.param_groups.size() > 3) optimizer = OptimizerState();
                optimizer.param_groups.emplace_back().params = {optimizer.param_groups.size() - 1};
                optimizer.param_groups.back().hyperparameters = values_.entries(input_);
                optimizer.state[0] = values_.entries(input_);
                return;
            }
            case 3:
                if (is_small(values_.value(input_))) checkpoint_.values()[name] = values_.value(input_);
                return;
            case 4:
                checkpoint_.model(name) = checkpoint_.model(ValueOperations::name(input_));
                return;
            default: {
                Checkpoint copy = checkpoint_;
                checkpoint_ = input_.below(2) == 0 ? Checkpoint() : std::move(copy);
            }
        }
    }

    [[nodiscard]] SaveOptions options() {
        constexpr std::array kCodecs = {Codec::raw, Codec::zstd, Codec::planes, Codec::smallest,
                                        Codec::automatic};
        SaveOptions options;
        options.codec = kCodecs[input_.below(kCodecs.size())];
        options.threads = 1 + input_.below(2);
        options.compact = input_.below(2) == 1;
        return options;
    }

    void keep(const FailingSink& sink, const Result<void>& saved) {
        require(saved.has_value() == sink.sink().committed(), "what is committed is saved, and nothing else");
        if (!saved) return check_error(saved.error());
        file_ = sink.sink().bytes();
    }

    void save_checkpoint() {
        FailingSink sink(input_);
        keep(sink, save(sink, checkpoint_, options()));
    }

    void stream_checkpoint() {
        FailingSink sink(input_);
        auto writer = Writer::create(sink, options());
        if (!writer) return check_error(writer.error());
        Checkpoint checkpoint = checkpoint_;
        if (auto added = writer->add(view_)) checkpoint.values()["added"] = *added;
        if (input_.below(2) == 0 && writer->begin_tensor(Dtype::f32, {memory_.size()}) &&
            writer->append(std::as_bytes(std::span(memory_)))) {
            if (auto ended = writer->end_tensor()) checkpoint.model("streamed")["w"] = *ended;
        }
        if (input_.below(4) == 0) return;  // a Writer that is destroyed before its commit
        keep(sink, writer->commit(checkpoint));
    }

    void open_file() {
        auto source = std::make_shared<FailingSource>(file_, input_);
        OpenOptions options;
        options.threads = 1;
        options.check = input_.below(2) == 0 ? Check::at_open : Check::first_access;
        auto opened = Reader::open(source, options);
        source->is_armed = false;
        if (opened)
            reader_ = *opened;
        else
            check_error(opened.error());
    }

    [[nodiscard]] const std::optional<Reader>& any_reader() {
        return input_.below(2) == 0 && shared_ ? shared_ : reader_;
    }

    void use_reader() {
        const std::optional<Reader>& reader = any_reader();
        if (!reader) return;
        switch (input_.below(6)) {
            case 0:
                if (auto loaded = reader->checkpoint()) checkpoint_ = *std::move(loaded);
                return;
            case 1: {
                const auto report = verify(*reader, {.threads = 1});
                require(report || report.error().code() == Code::io_error,
                        "verify reports damage, or I/O fails");
                return;
            }
            case 2: {
                const std::vector<TensorView> views = reader->tensors();
                if (!views.empty()) view_ = views[input_.below(256) % views.size()];
                return;
            }
            case 3:
                if (auto found = reader->get<Value>(ValueOperations::name(input_)))
                    values_.value(input_) = *std::move(found);
                return;
            case 4:
                if (auto tensor = reader->tensor(reader->tensor_path(input_.below(8)))) view_ = *tensor;
                return;
            default:
                if (auto model = reader->model(ValueOperations::name(input_)))
                    checkpoint_.model("loaded") = *model;
        }
    }

    void use_view() {
        switch (input_.below(5)) {
            case 0:
                view_ = TensorView::of(std::span<const float>(memory_), {2, 4});
                return;
            case 1:
                if (auto part = view_.slice({{0, input_.below(4), 1 + input_.below(2)}})) view_ = *part;
                return;
            case 2:
                if (const auto bytes = view_.bytes(); bytes && !bytes->empty()) sum_ ^= bytes->back();
                return;
            case 3:
                if (const auto copy = view_.load(1U << 20U); copy && !copy->bytes().empty())
                    sum_ ^= copy->bytes().front();
                return;
            default:
                view_ = view_.with_role(static_cast<Role>(input_.below(3)), input_.below(2) == 1);
        }
    }

    void load() {
        const std::optional<Reader>& reader = any_reader();
        if (!reader) return;
        std::array<float, 8> live = {};
        ModelTarget target;
        target.tensor(ValueOperations::name(input_), std::span(live), {2, 4});
        Entries extra;
        target.extra_state = &extra;
        LoadOptions options;
        options.strict = input_.below(2) == 0;
        options.cast = input_.below(2) == 0;
        options.mode = static_cast<LoadMode>(input_.below(3));
        const auto report = load_into(*reader, ValueOperations::name(input_), target, options);
        if (!report) check_error(report.error());
    }

    void close_or_damage() {
        switch (input_.below(4)) {
            case 0:
                reader_.reset();
                return;
            case 1:
                if (!file_.empty()) file_[input_.number<std::uint32_t>() % file_.size()] ^= std::byte{1};
                return;
            case 2:
                if (!file_.empty()) file_.resize(input_.number<std::uint32_t>() % file_.size());
                return;
            default:
                file_.clear();
        }
    }

    Input& input_;
    std::optional<Reader> shared_;
    std::array<float, 8> memory_;  // before what views it
    ValueOperations values_;
    Checkpoint checkpoint_;
    TensorView view_ = TensorView::of(std::span<const float>(memory_), {2, 4});
    FileBytes file_;
    std::optional<Reader> reader_;
    std::byte sum_ = {};
};

/// A file of a few tensors, one of them compressed.
FileBytes make_shared_file() {
    const std::vector<float> memory(4096, 1.5F);
    Checkpoint checkpoint;
    checkpoint.model("weight")["weight"] = TensorView::of(std::span(memory), {memory.size()});
    checkpoint.model("a")["b"] = TensorView::of(std::span(memory).first(8), {2, 4});
    checkpoint.values()["b"] = List{{1, "text", TensorView::of(std::span(memory).first(2), {2})}};
    MemorySink sink;
    require(save(sink, checkpoint, {.codec = Codec::zstd, .threads = 1}).has_value(), "the file is saved");
    return sink.bytes();
}

Result<Reader> open_shared_file() {
    static const FileBytes kFile = make_shared_file();
    return Reader::open(std::make_shared<MemorySource>(kFile), {.threads = 1});
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    constexpr std::size_t kThreads = 3;
    fuzz::Input input(data, nbytes);
    if (!input.one_in(4)) {
        fuzz::Program(input, std::nullopt).run();
        return 0;
    }
    const auto shared = fuzz::open_shared_file();
    fuzz::require(shared.has_value(), "the shared file can be opened");
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        const auto part = input.bytes(nbytes / kThreads);
        threads.emplace_back([part, reader = *shared] {
            fuzz::Input own(part);
            fuzz::Program(own, reader).run();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    return 0;
}
