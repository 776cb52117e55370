#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <milepost/io.hpp>
#include <milepost/progress.hpp>
#include <milepost/tensor.hpp>

#include "convert/tensor_writer.hpp"
#include "memory_files.hpp"

namespace {

using namespace milepost;

TEST_CASE("tensor writer: the storage of a transposed tensor is not read again for every MiB") {
    constexpr std::uint64_t kRows = 1024, kColumns = 2048, kNbytes = kRows * kColumns * 4;
    const auto source = std::make_shared<testing::MemorySource>(std::string(kNbytes, 'x'));
    const auto storage = StorageView::from(source, 0, kNbytes);
    REQUIRE(storage);
    const TensorView transposed(*find_dtype(Dtype::f32), {kColumns, kRows}, *storage, 0, {1, kColumns});
    std::uint64_t written = 0;
    const ProgressCallback no_progress;
    const auto count = [&written](std::span<const std::byte> bytes) -> Result<void> {
        written += bytes.size();
        return {};
    };
    convert::TensorWriter writer(count, no_progress, kNbytes);
    REQUIRE(writer.write(transposed));
    CHECK(written == kNbytes);
    CHECK(source->count == kNbytes);
}

}  // namespace
