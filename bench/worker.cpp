// Milepost's side of scripts/bench-peers: does what it is told, once each time, and prints how long it took.
// bench/peers has the sides of the other formats, and the program that tells them.
//
//     milepost-worker synthesize DTYPE NBYTES FOLDER    writes a dataset (dataset.hpp)
//     milepost-worker export FILE FOLDER                writes the tensors of a checkpoint as a dataset
//     milepost-worker serve FOLDER                      reads commands from stdin: a line each, words
//     separated by tabs
//
// A reply is a line: "ok", seconds, seconds of CPU time, a number that depends on the command; or "error" and
// a text.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/writer.hpp>

#include "arena.hpp"
#include "dataset.hpp"
#include "failure.hpp"
#include "loads.hpp"
#include "memory_file.hpp"
#include "pinned.hpp"

namespace {

using Words = std::vector<std::string>;

struct Reply {
    double seconds = 0;
    double cpu_seconds = 0;
    std::uint64_t number = 0;
};

double cpu_now() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Reply timed(const std::function<std::uint64_t()>& work) {
    const double cpu_begin = cpu_now();
    const auto begin = std::chrono::steady_clock::now();
    Reply reply;
    reply.number = work();
    reply.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    reply.cpu_seconds = cpu_now() - cpu_begin;
    return reply;
}

milepost::Codec codec_of(std::string_view name) {
    if (name == "raw") return milepost::Codec::raw;
    if (name == "zstd") return milepost::Codec::zstd;
    if (name == "planes") return milepost::Codec::planes;
    if (name == "smallest") return milepost::Codec::smallest;
    throw std::invalid_argument("codec " + std::string(name));
}

class Worker {
public:
    explicit Worker(const std::filesystem::path& folder)
        : dataset_(folder), checkpoint_(dataset_.checkpoint()) {}

    Reply run(const Words& words) {
        const std::string& command = words.at(0);
        if (command == "save") return save(words.at(1), words.at(2) == "durable", words.at(3));
        if (command == "load") return timed([&] { return load(words.at(1)); });
        if (command == "map") return timed([&] { return map(words.at(1)); });
        if (command == "open") return timed([&] { return open(words.at(1)); });
        if (command == "first") return timed([&] { return first(words.at(1), words.at(2)); });
        if (command == "check") return timed([&] { return check(words.at(1)); });
        if (command == "compress") return compress(words.at(1));
        if (command == "decompress") return decompress();
        throw std::invalid_argument("command " + command);
    }

private:
    Reply save(const std::string& codec, bool durable, const std::string& path) {
        const milepost::SaveOptions options = {.codec = codec_of(codec), .durable = durable};
        return timed([&] {
            must(milepost::save(path, checkpoint_, options));
            return std::uint64_t{0};
        });
    }
    /// Into fresh memory, verified.
    static std::uint64_t load(const std::string& path) {
        bench::load_fresh(bench::must(milepost::Reader::open(path)));
        return 0;
    }
    /// Views of the mapped file, verified.
    static std::uint64_t map(const std::string& path) {
        const milepost::Reader file = bench::open_mapped(path);
        for (const milepost::TensorView& tensor : file.tensors("model"))
            bench::must(tensor.bytes());
        return 0;
    }
    /// Number: tensors.
    static std::uint64_t open(const std::string& path) {
        const milepost::Reader file = bench::must(milepost::Reader::open(path));
        std::uint64_t named = 0;
        for (const milepost::TensorView& tensor : file.tensors("model"))
            named += tensor.name().empty() ? 0 : 1;
        return named;
    }
    /// A view of the mapped file, verified. Number: bytes of the tensor.
    static std::uint64_t first(const std::string& path, const std::string& name) {
        const milepost::Reader file = bench::open_mapped(path);
        return bench::must(bench::must(file.tensor("model", name)).bytes()).size();
    }
    /// Number: bytes that were equal to those of the dataset: all of them, or an error.
    std::uint64_t check(const std::string& path) const {
        const milepost::Reader file = bench::must(milepost::Reader::open(path));
        bench::Arena loaded(dataset_.bytes().size());
        bench::load_into_memory(file, loaded.bytes());
        if (!std::equal(loaded.bytes().begin(), loaded.bytes().end(), dataset_.bytes().begin()))
            throw std::runtime_error("what was loaded is not what was saved");
        return loaded.size();
    }
    /// On one core, in memory. Number: bytes of the file.
    Reply compress(const std::string& codec) {
        prepare_memory();
        file_->clear();
        const bench::PinnedToOneCore pinned;
        return timed([&] {
            bench::must(milepost::save(*file_, checkpoint_, {.codec = codec_of(codec), .threads = 1}));
            return std::uint64_t{file_->bytes().size()};
        });
    }
    /// What compress() made last, into touched memory.
    Reply decompress() {
        prepare_memory();
        const bench::PinnedToOneCore pinned;
        return timed([&] {
            const auto source = std::make_shared<bench::MemorySource>(file_->bytes());
            bench::load_into_memory(bench::must(milepost::Reader::open(source)), copy_->bytes(), 1);
            return std::uint64_t{copy_->size()};
        });
    }
    void prepare_memory() {
        if (file_ != nullptr) return;
        const std::size_t nbytes = dataset_.bytes().size();
        file_ = std::make_unique<bench::MemoryFile>(nbytes + nbytes / 2 + (std::size_t{1} << 20U));
        copy_ = std::make_unique<bench::Arena>(nbytes);
    }
    static void must(const milepost::Result<void>& result) { bench::must(result); }

    bench::Dataset dataset_;
    milepost::Checkpoint checkpoint_;
    std::unique_ptr<bench::MemoryFile> file_;
    std::unique_ptr<bench::Arena> copy_;
};

void serve(const std::string& folder) {
    Worker worker(folder);
    std::puts("ready");
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
        Words words;
        std::istringstream text(line);
        for (std::string word; std::getline(text, word, '\t');)
            words.push_back(word);
        try {
            const Reply reply = worker.run(words);
            std::printf("ok\t%.9f\t%.9f\t%llu\n", reply.seconds, reply.cpu_seconds,
                        static_cast<unsigned long long>(reply.number));
        } catch (const std::exception& failure) {
            std::printf("error\t%s\n", failure.what());
        }
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const Words words(argv + 1, argv + argc);
    try {
        if (words.size() == 2 && words[0] == "serve") {
            serve(words[1]);
        } else if (words.size() == 3 && words[0] == "export") {
            bench::write_tensors_of(bench::must(milepost::Reader::open(words[1])), words[2]);
        } else if (words.size() == 4 && words[0] == "synthesize") {
            const auto dtype = milepost::find_dtype(words[1]);
            if (!dtype) throw std::invalid_argument("dtype " + words[1]);
            bench::write_synthetic(dtype->code, std::stoull(words[2]), words[3]);
        } else {
            std::fputs(
                "usage: milepost-worker synthesize DTYPE NBYTES FOLDER | export FILE FOLDER | serve FOLDER\n",
                stderr);
            return 2;
        }
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "milepost-worker: %s\n", failure.what());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
