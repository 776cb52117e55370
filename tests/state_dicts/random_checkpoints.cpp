#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "state_dicts/features.hpp"
#include "state_dicts/generate.hpp"
#include "state_dicts/image.hpp"
#include "support/memory.hpp"

// random_checkpoints --count N [--seed S] [--out FILE]
//
// Makes the checkpoints of the seeds S to S + N - 1. Each is saved, opened (from memory, mapped, read, in
// turn), verified, compared with the original by its image, and saved again, byte for byte; once more from
// the original with another number of threads. With --out, FILE gets for each of them: seed, size of the
// image, size of the file (u64 each, little-endian), image, file. Ends with 1, and the seed, at the first
// difference; with 2 at wrong arguments.
namespace milepost::state_dicts {
namespace {

using testing::FileBytes;

constexpr std::uint64_t kEnough = 2000;  // seeds in which every feature occurs

struct Arguments {
    std::uint64_t count = 1000;
    std::uint64_t seed = 1;
    std::string out;
};

bool parse_number(std::string_view text, std::uint64_t& number) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

std::optional<Arguments> parse(int count, char** given) {
    Arguments arguments;
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count) return std::nullopt;
        const std::string_view name = given[i], value = given[i + 1];
        if (name == "--out") {
            arguments.out = value;
        } else if (name != "--count" && name != "--seed") {
            return std::nullopt;
        } else if (!parse_number(value, name == "--count" ? arguments.count : arguments.seed)) {
            return std::nullopt;
        }
    }
    return arguments;
}

/// A file that is gone with its owner.
class ScratchFile {
public:
    ScratchFile()
        : path_((std::filesystem::temp_directory_path() /
                 ("milepost-random-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) + "-" +
                  std::to_string(std::filesystem::file_time_type::clock::now().time_since_epoch().count())))
                    .string()) {}
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

std::string difference(std::string_view what, const FileBytes& expected, const FileBytes& found) {
    if (expected == found) return {};
    std::size_t at = 0;
    while (at < expected.size() && at < found.size() && expected[at] == found[at])
        ++at;
    return std::string(what) + ": differs from byte " + std::to_string(at) + " on; sizes " +
           std::to_string(expected.size()) + " and " + std::to_string(found.size());
}

/// What is checked of one checkpoint.
struct Checked {
    std::string failure;  ///< empty if all is well
    std::string image;
    FileBytes file;
    std::string digest;  ///< of the file
};

Result<Reader> open(std::uint64_t seed, const Sample& sample, const FileBytes& file, const std::string& path,
                    std::string& failure) {
    if (seed % 3 == 0) return testing::open_bytes(file, {.threads = 1});
    if (auto saved = save(path, sample.checkpoint, sample.options); !saved) return std::move(saved).error();
    auto reader = Reader::open(path, {.access = seed % 3 == 1 ? Access::mapped : Access::read, .threads = 1});
    if (reader && reader->file_size() != file.size())
        failure = "saved to a path: another size than to a sink";
    return reader;
}

std::string check_reader(const Reader& reader, const Sample& sample, const Checked& checked) {
    if (!reader.warnings().empty()) return "warning: " + reader.warnings().front().to_string();
    const auto report = verify(reader, {.threads = sample.options.threads});
    if (!report) return "verify: " + report.error().to_string();
    if (!report->ok()) return "verify: " + report->damage.front().error.to_string();
    const Checkpoint loaded = *reader.checkpoint();
    const auto image = image_of(loaded);
    if (!image) return "loaded: " + image.error().to_string();
    if (*image != checked.image) return "loaded: " + first_difference(checked.image, *image);
    const auto again = testing::save_bytes(loaded, sample.options);
    if (!again) return "saved again: " + again.error().to_string();
    return difference("saved again", checked.file, *again);
}

std::string check_threads(const Sample& sample, const FileBytes& file) {
    SaveOptions options = sample.options;
    options.threads = options.threads == 1 ? 3 : 1;
    const auto again = testing::save_bytes(sample.checkpoint, options);
    if (!again) return "saved with other threads: " + again.error().to_string();
    return difference("saved with other threads", file, *again);
}

Checked check(std::uint64_t seed, const Sample& sample, const std::string& path) {
    Checked checked;
    auto image = image_of(sample.checkpoint);
    auto file = testing::save_bytes(sample.checkpoint, sample.options);
    if (!image || !file) {
        checked.failure = "original: " + (image ? file.error() : image.error()).to_string();
        return checked;
    }
    checked.image = *std::move(image);
    checked.file = *std::move(file);
    const auto reader = open(seed, sample, checked.file, path, checked.failure);
    if (!reader) {
        checked.failure = "open: " + reader.error().to_string();
    } else if (checked.failure.empty()) {
        checked.digest = reader->digest().to_string();
        checked.failure = check_reader(*reader, sample, checked);
    }
    if (checked.failure.empty()) checked.failure = check_threads(sample, checked.file);
    return checked;
}

void write_number(std::ostream& out, std::uint64_t number) {
    char bytes[8];
    for (unsigned i = 0; i < 8; ++i)
        bytes[i] = static_cast<char>(number >> (8 * i));
    out.write(bytes, sizeof bytes);
}

void write_record(std::ostream& out, std::uint64_t seed, const Checked& checked) {
    write_number(out, seed);
    write_number(out, checked.image.size());
    write_number(out, checked.file.size());
    out.write(checked.image.data(), static_cast<std::streamsize>(checked.image.size()));
    out.write(reinterpret_cast<const char*>(checked.file.data()),
              static_cast<std::streamsize>(checked.file.size()));
    write_number(out, checked.digest.size());
    out.write(checked.digest.data(), static_cast<std::streamsize>(checked.digest.size()));
}

/// False if one never occurred that should have.
bool report(const Arguments& arguments, const FeatureCounts& counts, std::uint64_t small) {
    bool complete = true;
    for (const auto& [name, count] : counts) {
        std::cout << "  " << count << "  " << name << '\n';
        complete = complete && count != 0;
    }
    std::cout << "first seed " << arguments.seed << ", last seed " << arguments.seed + arguments.count - 1
              << ": " << arguments.count << " checkpoints, " << counts.size() << " features, " << small
              << " files below 16 KiB" << std::endl;
    if (complete || arguments.count < kEnough) return true;
    std::cout << "a feature never occurred" << std::endl;
    return false;
}

int run(const Arguments& arguments) {
    const ScratchFile scratch;
    std::ofstream out;
    if (!arguments.out.empty()) out.open(arguments.out, std::ios::binary);
    FeatureCounts counts = all_features();
    std::uint64_t small = 0;
    for (std::uint64_t seed = arguments.seed; seed - arguments.seed < arguments.count; ++seed) {
        const Sample sample = make_checkpoint(seed);
        const Checked checked = check(seed, sample, scratch.path());
        if (!checked.failure.empty()) {
            std::cout << "seed " << seed << ": " << checked.failure << std::endl;
            return 1;
        }
        count_features(sample, counts);
        small += checked.file.size() < 16384 ? 1 : 0;
        if (!arguments.out.empty()) write_record(out, seed, checked);
        if (!out) {
            std::cout << "seed " << seed << ": cannot write to " << arguments.out << std::endl;
            return 1;
        }
    }
    if (out.is_open()) out.close();
    return report(arguments, counts, small) && out ? 0 : 1;
}

}  // namespace
}  // namespace milepost::state_dicts

int main(int count, char** given) {
    const auto arguments = milepost::state_dicts::parse(count, given);
    if (!arguments) {
        std::cerr << "usage: random_checkpoints [--count N] [--seed S] [--out FILE]\n";
        return 2;
    }
    return milepost::state_dicts::run(*arguments);
}
