// The bytes of a GGUF file. What is read takes memory within the limits, and goes back to a file that is the
// same but for padding.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "convert/gguf/gguf.hpp"
#include "convert/import_input.hpp"
#include "support/same.hpp"

namespace milepost::fuzz {
namespace {

using FileBytes = std::vector<std::byte>;

/// Of a header that is as large as an input. A value of one byte takes some hundred.
constexpr std::uint64_t kMaxDecodedBytes = std::uint64_t{1} << 20U;
/// Besides: vectors that have grown, buffers, messages.
constexpr std::uint64_t kOtherNbytes = std::uint64_t{1} << 20U;

Limits limits_of(Limits limits) {
    limits.max_decoded_bytes = kMaxDecodedBytes;
    return limits;
}

Result<Checkpoint> import(std::span<const std::byte> bytes, const Limits& limits) {
    const std::string path = "x.gguf";
    const auto source = std::make_shared<MemorySource>(bytes);
    ImportOptions options;
    options.limits = limits_of(limits);
    const MemoryWatch watch;
    auto read = convert::gguf::import_gguf({path, source, bytes.size(), options});
    require(watch.peak() <= 2 * kMaxDecodedBytes + bytes.size() + kOtherNbytes,
            "memory is within the limits");
    if (!read) check_error(read.error());
    return read;
}

FileBytes content_of(const TensorView& tensor) {
    FileBytes content(static_cast<std::size_t>(tensor.nbytes()));
    require(tensor.copy_to(content).has_value(), "every byte of a tensor can be read");
    return content;
}

bool same_tensor(const TensorView& a, const TensorView& b) {
    return a.dtype() == b.dtype() && a.shape() == b.shape() && content_of(a) == content_of(b);
}

FileBytes written(const Checkpoint& checkpoint) {
    MemorySink sink;
    require(convert::gguf::write_gguf(sink, checkpoint, {}).has_value(), "what was read can be written");
    return sink.bytes();
}

/// Tensors that ggml would not read are left out; the file is another one then.
void check_same_file(std::span<const std::byte> bytes, const Checkpoint& checkpoint) {
    const bool is_whole = convert::gguf::find_losses(checkpoint).empty();
    const FileBytes first = written(checkpoint);
    const auto again = import(first, default_limits());
    require(again.has_value(), "what was written can be read");
    require(written(*again) == first, "a file that was written is written again");
    if (!is_whole) return;
    require(testing::same(checkpoint, *again, same_tensor), "nothing is lost");
    require(first.size() >= bytes.size(), "nothing is cut");
    // In the order of the header, the data is where it was. Padding becomes zero.
    const auto& tensors = checkpoint.models()[0].second;
    std::uint64_t nbytes = 0;
    for (const auto& [name, value] : tensors)
        nbytes += static_cast<std::uint64_t>(value.get_if<TensorView>()->nbytes() != 0);
    if (nbytes > 1) return;
    for (std::size_t i = 0; i < first.size(); ++i)
        require(first[i] == (i < bytes.size() ? bytes[i] : std::byte{0}) || first[i] == std::byte{0},
                "a file with one tensor is the same");
}

void examine(std::span<const std::byte> bytes) {
    const auto read = import(bytes, default_limits());
    check_same_outcome(read, import(bytes, default_limits()), "the same answer twice");
    const auto tight = import(bytes, tight_limits());
    require(read || !tight, "what passes tight limits passes the defaults");
    if (!read) return;
    for (const auto& [name, value] : read->models()[0].second)
        content_of(*value.get_if<TensorView>());
    check_same_file(bytes, *read);
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    milepost::fuzz::examine(std::as_bytes(std::span(data, nbytes)));
    return 0;
}
