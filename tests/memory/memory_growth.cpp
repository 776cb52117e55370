#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <milepost/milepost.hpp>

#include "support/scratch.hpp"
#include "support/sizes.hpp"

// memory_growth MIB: saves, verifies and loads a model of MIB MiB, and says by how much the process grew
// beyond the caller's tensors. Fails above 64 MiB.
namespace {

using namespace milepost;
using testing::kMib;

constexpr std::size_t kAllowedKib = 64 * 1024;
constexpr std::size_t kTensors = 5;

/// A line of /proc/self/status, in KiB.
std::size_t status_kib(std::string_view field) {
    std::ifstream file("/proc/self/status");
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(field)) return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10);
    }
    std::fprintf(stderr, "memory_growth: /proc/self/status has no %s\n", std::string(field).c_str());
    std::exit(2);
}

/// Memory while something runs: the peak of all (VmHWM), and of what is not the page cache's (RssAnon, looked
/// at every millisecond).
class Watch {
public:
    Watch() : anonymous_(status_kib("RssAnon")), thread_([this] { look(); }) {
        std::ofstream("/proc/self/clear_refs") << "5";  // the peak begins anew
        resident_ = status_kib("VmRSS");
    }
    ~Watch() { stop(); }

    /// KiB above what there was at the beginning.
    std::size_t resident_growth() {
        stop();
        return above(status_kib("VmHWM"), resident_);
    }
    std::size_t anonymous_growth() {
        stop();
        return above(peak_, anonymous_);
    }

private:
    static std::size_t above(std::size_t now, std::size_t before) { return now > before ? now - before : 0; }

    void look() {
        while (!done_) {
            peak_ = std::max(peak_.load(), status_kib("RssAnon"));
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    void stop() {
        done_ = true;
        if (thread_.joinable()) thread_.join();
    }

    std::atomic<bool> done_{false};
    std::atomic<std::size_t> peak_{0};
    std::size_t anonymous_;
    std::size_t resident_ = 0;
    std::thread thread_;
};

/// The caller's tensors: half of each compresses.
struct Model {
    std::vector<std::vector<std::byte>> tensors;

    explicit Model(std::size_t mib) {
        std::uint64_t state = 88172645463325252U;
        for (std::size_t i = 0; i < kTensors; ++i) {
            // Unequal sizes, no multiples of a chunk, mib MiB in all.
            const std::size_t nbytes = mib * kMib * (2 * i + 1) / (kTensors * kTensors) + i;
            auto& bytes = tensors.emplace_back(nbytes);
            for (std::size_t at = 0; at + 8 <= nbytes; at += 8) {
                state ^= state << 13U;
                state ^= state >> 7U;
                state ^= state << 17U;
                const std::uint64_t word = (at >> 20U) % 2 == 0 ? at >> 12U : state;
                std::memcpy(&bytes[at], &word, sizeof word);
            }
        }
    }

    [[nodiscard]] Checkpoint checkpoint() const {
        Checkpoint checkpoint;
        for (std::size_t i = 0; i < tensors.size(); ++i) {
            checkpoint.model("model")[name(i)] =
                TensorView(*find_dtype(Dtype::u8), {tensors[i].size()}, StorageView(tensors[i]));
        }
        return checkpoint;
    }
    static std::string name(std::size_t i) { return "layer " + std::to_string(i); }
};

struct Step {
    const char* name;
    Codec codec;
    Access access;
};

bool report(const char* step, const char* what, std::size_t kib) {
    std::printf("%-14s %-10s %6zu KiB\n", step, what, kib);
    return kib <= kAllowedKib;
}

bool fail(const Error& error) {
    std::fprintf(stderr, "memory_growth: %s\n", error.to_string().c_str());
    return false;
}

/// What a step took of memory: in read access all that is resident, in mapped access all but the file's
/// pages.
std::size_t growth(Watch& watch, Access access) {
    return access == Access::read ? watch.resident_growth() : watch.anonymous_growth();
}

bool save_model(const Model& model, const std::string& path, const Step& step) {
    Watch watch;
    const auto saved = save(path, model.checkpoint(), {.codec = step.codec, .durable = false});
    if (!saved) return fail(saved.error());
    return report(step.name, "save", watch.resident_growth());
}

bool verify_model(const std::string& path, const Step& step) {
    Watch watch;
    const auto file = Reader::open(path, {.access = step.access});
    if (!file) return fail(file.error());
    const auto verified = verify(*file);
    if (!verified) return fail(verified.error());
    return verified->ok() && report(step.name, "verify", growth(watch, step.access));
}

/// How tensors come into the caller's memory, or into memory of their own.
enum class Way { copy_to, read_plan, load_into, load_all };

Result<void> load(const Reader& file, Model& model, Way way) {
    ReadPlan plan(file);
    ModelTarget target;
    for (std::size_t i = 0; i < model.tensors.size(); ++i) {
        auto& tensor = model.tensors[i];
        MILEPOST_TRY_ASSIGN(const auto view, file.tensor("model", Model::name(i)));
        MILEPOST_TRY(plan.add(view, tensor));
        target.tensor(Model::name(i), TensorSpan(Dtype::u8, {tensor.size()}, tensor));
        if (way == Way::copy_to) MILEPOST_TRY(view.copy_to(tensor));
    }
    if (way == Way::read_plan) return plan.read();
    if (way == Way::load_into) MILEPOST_TRY(load_into(file, "model", target));
    if (way != Way::load_all) return {};
    MILEPOST_TRY_ASSIGN(const auto loaded, load_all(file));
    for (std::size_t i = 0; i < model.tensors.size(); ++i) {
        const auto* view = loaded.models()[0].second.find(Model::name(i))->get_if<TensorView>();
        model.tensors[i].back() = view->bytes()->back();
        model.tensors[i][model.tensors[i].size() / 2] = (*view->bytes())[model.tensors[i].size() / 2];
        model.tensors[i][model.tensors[i].size() - 9] = (*view->bytes())[model.tensors[i].size() - 9];
    }
    return {};
}

/// Takes the file out of the page cache.
void make_cold(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR);
    ::fdatasync(file);
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
}

/// Into the caller's tensors, which are cleared before and must be the same after. `own_kib`: what the way
/// takes for the tensors themselves.
bool load_model(Model& model, const std::string& path, const Step& step, const char* name, Way way, bool cold,
                std::size_t own_kib) {
    std::vector<std::pair<std::byte, std::byte>> ends;
    for (auto& tensor : model.tensors) {
        ends.emplace_back(tensor[tensor.size() / 2], tensor[tensor.size() - 9]);
        if (way != Way::load_all) std::fill(tensor.begin(), tensor.end(), std::byte{0});
    }
    if (cold) make_cold(path);
    Watch watch;
    const auto file = Reader::open(path, {.access = step.access});
    if (!file) return fail(file.error());
    if (const auto loaded = load(*file, model, way); !loaded) return fail(loaded.error());
    for (std::size_t i = 0; i < model.tensors.size(); ++i) {
        const auto& tensor = model.tensors[i];
        if (ends[i] != std::pair(tensor[tensor.size() / 2], tensor[tensor.size() - 9])) return false;
    }
    const std::size_t grown = growth(watch, step.access);
    return report(step.name, name, grown > own_kib ? grown - own_kib : 0);
}

bool load_model(Model& model, const std::string& path, const Step& step) {
    std::size_t kib = 0;
    for (const auto& tensor : model.tensors)
        kib += tensor.size() / 1024;
    bool ok = true;
    for (const bool cold : {false, true}) {
        ok = load_model(model, path, step, cold ? "copy, cold" : "copy_to", Way::copy_to, cold, 0) && ok;
        ok = load_model(model, path, step, cold ? "plan, cold" : "read_plan", Way::read_plan, cold, 0) && ok;
        ok = load_model(model, path, step, cold ? "into, cold" : "load_into", Way::load_into, cold, 0) && ok;
        ok = load_model(model, path, step, cold ? "all, cold" : "load_all", Way::load_all, cold, kib) && ok;
    }
    return ok;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t mib = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 256;
    const milepost::testing::ScratchFolder folder;
    const std::string path = folder / "model.milepost";
    Model model(mib);
    bool ok = true;
    for (const Step& step :
         {Step{"raw, read", Codec::raw, Access::read}, Step{"raw, mapped", Codec::raw, Access::mapped},
          Step{"zstd, read", Codec::zstd, Access::read}, Step{"zstd, mapped", Codec::zstd, Access::mapped}}) {
        ok = save_model(model, path, step) && verify_model(path, step) && load_model(model, path, step) && ok;
    }
    if (!ok)
        std::fprintf(stderr, "memory_growth: %zu MiB: more than %zu KiB, or not the same\n", mib,
                     kAllowedKib);
    return ok ? 0 : 1;
}
