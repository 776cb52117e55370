// A program for run_faults.py, which has what must hold of it. Prints each line at once, because it may be
// killed.
//
//     run_driver prepare FOLDER    makes a run of three checkpoints, the oldest a distributed one
//     run_driver save FOLDER       adds three more, of which each removes an old one: "saved N" or "failed
//     WHY" run_driver careless FOLDER   the same as it must not be done: the old ones are removed before the
//     save run_driver restore FOLDER    "restored N", or "failed WHY"; "skipped WHY" for each that was
//     skipped

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include <milepost/milepost.hpp>

namespace {

constexpr std::uint64_t kFirstStep = 1000;  // steps go back from here: the order is that of the numbers

void print(std::string_view word, const std::string& text) {
    std::printf("%.*s %s\n", static_cast<int>(word.size()), word.data(), text.c_str());
    std::fflush(stdout);
}

milepost::SaveOptions one_thread() {
    return {.threads = 1};
}

milepost::Checkpoint checkpoint(std::int64_t number) {
    static const float weights[1000] = {};
    milepost::Checkpoint checkpoint;
    checkpoint.model("model")["weight"] = milepost::TensorView::of(std::span(weights), {1000});
    checkpoint.values()["number"] = number;
    return checkpoint;
}

void prepare(const milepost::Run& run) {
    const std::string distributed = run.folder() + "/000001.step-1000";
    std::filesystem::create_directories(distributed);
    std::ofstream(distributed + "/0.milepost") << "the tensors of one process";
    std::ofstream(distributed + "/1.milepost") << "and those of another one";
    milepost::save(distributed + "/checkpoint.milepost", checkpoint(1)).value();
    for (const std::int64_t number : {2, 3})
        run.save(kFirstStep - static_cast<std::uint64_t>(number), checkpoint(number), {.durable = false})
            .value();
}

/// Removes what there is and then saves: as it must not be done.
milepost::Result<void> save_carelessly(const milepost::Run& run, const milepost::RunCheckpoint& next) {
    for (const auto& old : run.checkpoints().value())
        std::filesystem::remove_all(old.path);
    return milepost::save(next.path, checkpoint(static_cast<std::int64_t>(next.number)), one_thread());
}

milepost::Result<void> save_once(const milepost::Run& run, bool careless) {
    MILEPOST_TRY_ASSIGN(const auto next, run.next(0));
    if (careless) {
        MILEPOST_TRY(save_carelessly(run, next));
        print("saved", std::to_string(next.number));
        return {};
    }
    const auto content = checkpoint(static_cast<std::int64_t>(next.number));
    MILEPOST_TRY_ASSIGN(const auto saved, run.save(kFirstStep - next.number, content, one_thread()));
    for (const milepost::Error& warning : saved.warnings)
        print("warning", warning.to_string());
    print("saved", std::to_string(saved.checkpoint.number));
    return {};
}

/// Three saves; an error does not end the program.
void save(const milepost::Run& run, bool careless) {
    for (int i = 0; i < 3; ++i) {
        const auto saved = save_once(run, careless);
        if (!saved) print("failed", saved.error().to_string());
    }
}

void restore(const milepost::Run& run) {
    const auto restored = run.restore();
    if (!restored) return print("failed", restored.error().to_string());
    for (const auto& skipped : restored->skipped)
        print("skipped", skipped.error.to_string());
    print("restored", std::to_string(restored->reader.get<std::int64_t>("number").value()));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const std::string_view command = argv[1];
    const auto run = milepost::Run::open(argv[2], {.keep = 2});
    if (!run) {
        print("failed", run.error().to_string());
        return 1;
    }
    if (command == "prepare") prepare(*run);
    if (command == "save" || command == "careless") save(*run, command == "careless");
    if (command == "restore") restore(*run);
    return 0;
}
