// The bytes of a file of torch.save or torch.jit.save: a zip archive, as it is and with right checksums, or
// the legacy form. Other bytes are one that tells which entries an archive has, and its pickle.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/milepost.hpp>

#include "archive_again.hpp"
#include "assertions.hpp"
#include "convert/pytorch/read_format.hpp"
#include "convert/pytorch/write_format.hpp"
#include "convert/zip/archive_writer.hpp"
#include "examine_import.hpp"
#include "input.hpp"

namespace milepost::fuzz {
namespace {

Result<Checkpoint> import(std::span<const std::byte> bytes, const Limits& limits) {
    return import_bytes(convert::pytorch::import_pytorch, bytes, limits);
}

void put(convert::ArchiveWriter& archive, std::string_view name, std::span<const std::byte> content) {
    require(archive.begin(name, content.size()) && archive.write(content) && archive.end(),
            "an entry can be written");
}

/// An archive around a pickle.
FileBytes archive_of(Input input) {
    const unsigned kind = input.below(8);
    const bool is_script = kind % 2 != 0, is_big_endian = kind % 4 >= 2, has_storages = kind < 4;
    static const FileBytes content(256, std::byte{1});
    MemorySink sink;
    convert::ArchiveWriter archive(sink);
    put(archive, "a/data.pkl", input.rest());
    put(archive, "a/version", std::as_bytes(std::span("10", 2)));
    if (is_script) put(archive, "a/constants.pkl", {});
    if (is_big_endian) put(archive, "a/byteorder", std::as_bytes(std::span("big", 3)));
    for (unsigned i = 0; has_storages && i < 5; ++i)
        put(archive, "a/data/" + std::to_string(i), std::span(content).first(i == 0 ? 0 : 4U << (2 * i - 2)));
    require(archive.finish().has_value(), "an archive can be written");
    return sink.bytes();
}

/// Whether every storage can be read, which is what a file of PyTorch holds of a tensor.
bool read_storages(const Checkpoint& checkpoint) {
    bool is_whole = true;
    walk_tensors(checkpoint, [&](const std::string&, const TensorView& tensor) {
        require(tensor.check_layout().has_value(), "every tensor fits its storage");
        is_whole = content_of(tensor).has_value() && is_whole;
        const TensorView whole(*find_dtype(Dtype::u8), {tensor.storage().nbytes()}, tensor.storage());
        is_whole = content_of(whole).has_value() && is_whole;
    });
    return is_whole;
}

/// What is written is read again, and then written as the same bytes.
void check_export(const Checkpoint& checkpoint, bool is_whole) {
    MemorySink file, again;
    const auto written = convert::pytorch::write_pytorch(file, "x", checkpoint, {});
    require(written.has_value() == is_whole, "what was read can be written exactly if it is whole");
    if (!written) return check_error(written.error());
    const auto read = import(file.bytes(), default_limits());
    if (!read) return require(read.error().code() == Code::limit_exceeded, "what was written can be read");
    require(read_storages(*read), "and is whole");
    require(convert::pytorch::write_pytorch(again, "x", *read, {}).has_value(), "and can be written");
    require(file.bytes() == again.bytes(), "as the same bytes");
}

void examine(std::span<const std::byte> bytes) {
    const auto read = import(bytes, default_limits());
    check_same_outcome(read, import(bytes, default_limits()), "the same answer twice");
    const auto tight = import(bytes, tight_limits());
    require(read || !tight, "what passes tight limits passes the defaults");
    if (read) check_export(*read, read_storages(*read));
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost::fuzz;
    const auto bytes = std::as_bytes(std::span(data, nbytes));
    const std::string_view text(reinterpret_cast<const char*>(data), nbytes);
    if (!text.starts_with("PK") && !text.starts_with("\x80")) {
        examine(archive_of(Input(bytes)));
        return 0;
    }
    examine(bytes);
    if (const auto archive = archive_again(bytes)) examine(*archive);
    return 0;
}
