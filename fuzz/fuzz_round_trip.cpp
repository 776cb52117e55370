// A random checkpoint, saved, loaded and saved again; then one byte is flipped, and must be noticed.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "input.hpp"
#include "random_checkpoint.hpp"
#include "support/same.hpp"

namespace milepost::fuzz {
namespace {

using testing::same;
using testing::same_form;

using Bytes = std::vector<std::byte>;

SaveOptions take_options(Input& input) {
    constexpr std::array kCodecs = {Codec::raw, Codec::zstd, Codec::planes, Codec::smallest,
                                    Codec::automatic};
    constexpr std::array<std::uint32_t, 4> kAlignments = {64, 128, 4096, 65536};
    SaveOptions options;
    options.codec = kCodecs[input.below(kCodecs.size())];
    options.threads = input.below(2) == 0 ? 1 : 3;
    options.alignment = kAlignments[input.below(kAlignments.size())];
    return options;
}

/// Up to 255 bytes; now and then repeated to a size around that of a chunk.
Bytes take_storage(Input& input) {
    constexpr std::array<std::size_t, 4> kLarge = {20'000, (1U << 20U) - 1, 1U << 20U, (1U << 20U) + 7};
    const auto pattern = input.bytes(input.number<std::uint8_t>());
    Bytes bytes(pattern.begin(), pattern.end());
    if (bytes.empty() || !input.one_in(64)) return bytes;
    bytes.resize(kLarge[input.below(kLarge.size())]);
    for (std::size_t filled = pattern.size(); filled < bytes.size(); filled *= 2)
        std::memcpy(&bytes[filled], bytes.data(), std::min(filled, bytes.size() - filled));
    return bytes;
}

/// Compares bytes, and keeps which storage of the one side is which of the other: what was tied stays tied.
class SameContent {
public:
    bool operator()(const TensorView& a, const TensorView& b) {
        const auto there = there_.try_emplace(a.storage(), b.storage()).first->second;
        const auto back = back_.try_emplace(b.storage(), a.storage()).first->second;
        if (!same_form(a, b) || there != b.storage() || back != a.storage()) return false;
        const auto x = a.storage().bytes(0, a.storage().nbytes());
        const auto y = b.storage().bytes(0, b.storage().nbytes());
        return x && y && std::equal(x->begin(), x->end(), y->begin(), y->end());
    }

private:
    std::map<StorageView, StorageView> there_, back_;
};

Result<Bytes> saved_bytes(const Checkpoint& checkpoint, const SaveOptions& options) {
    MemorySink sink;
    if (auto saved = save(sink, checkpoint, options); !saved) {
        require(!sink.committed(), "a save that fails commits nothing");
        return std::move(saved).error();
    }
    require(sink.committed(), "a save that succeeds commits");
    return sink.bytes();
}

Result<Reader> open(std::span<const std::byte> file) {
    return Reader::open(std::make_shared<MemorySource>(file), {.threads = 1});
}

/// Section 6.7: no codec, no alignment changes the digest.
void check_digest(const Checkpoint& checkpoint, const Digest& expected, SaveOptions options) {
    options.codec = options.codec == Codec::raw ? Codec::zstd : Codec::raw;
    options.alignment = options.alignment == 64 ? 256 : 64;
    const auto again = saved_bytes(checkpoint, options);
    const auto reader = again ? open(*again) : Result<Reader>(again.error());
    require(reader && reader->digest() == expected, "the digest is that of the content");
}

void check_loaded(const Checkpoint& checkpoint, const Bytes& file, SaveOptions options) {
    const auto reader = open(file);
    if (!reader) check_error(reader.error());
    require(reader.has_value() && reader->warnings().empty(), "what was saved can be opened");
    const auto report = verify(*reader, {.threads = options.threads});
    require(report && report->ok(), "what was saved verifies");
    const Checkpoint loaded = *reader->checkpoint();
    check_digest(loaded, reader->digest(), options);
    SameContent same_content;
    require(same(checkpoint, loaded, std::ref(same_content)), "what is loaded is what was saved");
    options.threads = options.threads == 1 ? 2 : 1;
    const auto again = saved_bytes(loaded, options);
    require(again && *again == file, "load and save give the same bytes, whatever the threads");
}

/// Section 9: nothing of a file may change unnoticed, and the range that is named holds the byte.
void check_flip(Bytes file, std::uint64_t at, std::uint8_t bits) {
    at %= file.size();
    file[at] ^= std::byte{bits == 0 ? std::uint8_t{1} : bits};
    const auto reader = open(file);
    if (!reader) {
        check_error(reader.error());
        return;
    }
    const auto report = verify(*reader, {.threads = 1});
    require(
        report && std::any_of(report->damage.begin(), report->damage.end(),
                              [at](const Damage& damage) { return damage.begin <= at && at < damage.end; }),
        "verify names the byte that was flipped");
}

void check_cut(const Bytes& file, std::uint64_t nbytes) {
    const auto cut = open(std::span(file).first(static_cast<std::size_t>(nbytes % file.size())));
    require(!cut.has_value(), "a part of a file is refused");
    check_error(cut.error());
    Bytes longer = file;
    longer.insert(longer.end(), file.begin(), file.begin() + static_cast<std::ptrdiff_t>(nbytes % 64 + 1));
    const auto extended = open(longer);
    require(!extended.has_value(), "a file with bytes after its end is refused");
    check_error(extended.error());
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    fuzz::Input input(data, nbytes);
    const SaveOptions options = fuzz::take_options(input);
    const auto position = input.number<std::uint32_t>();
    const auto bits = input.number<std::uint8_t>();
    std::deque<fuzz::Bytes> storages;
    const Checkpoint checkpoint = fuzz::random_checkpoint(input, [&](fuzz::Input& from) {
        return StorageView(storages.emplace_back(fuzz::take_storage(from)));
    });
    const auto file = fuzz::saved_bytes(checkpoint, options);
    if (!file) {
        fuzz::check_error(file.error());
        const Code code = file.error().code();
        fuzz::require(code == Code::invalid_argument || code == Code::limit_exceeded,
                      "a checkpoint that cannot be saved is the caller's mistake");
        return 0;
    }
    fuzz::check_loaded(checkpoint, *file, options);
    fuzz::check_flip(*file, position, bits);
    fuzz::check_cut(*file, position);
    return 0;
}
