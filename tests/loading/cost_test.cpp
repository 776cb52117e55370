#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "format/file_layout.hpp"
#include "support/memory.hpp"
#include "support/reseal.hpp"
#include "support/samples.hpp"

// Files of at most 1 MiB whose content is chosen so that a naive reader needs minutes or gigabytes. The fuzz
// target `cost` bounds memory and time; here is what the answers are.
namespace {

using namespace milepost;
using testing::FileBytes;

/// `tensors` tensors that all view the same `chunks` chunks of zeros, below a name of 4096 bytes.
FileBytes shared_chunks(std::size_t chunks, std::size_t tensors) {
    const std::vector<std::uint8_t> zeros(chunks << 20U);
    List list;
    for (std::size_t i = 0; i < tensors; ++i)
        list.items.emplace_back(TensorView::of(std::span(zeros), {zeros.size()}));
    Checkpoint checkpoint;
    checkpoint.values()[std::string(4096, 'v')] = std::move(list);
    return *testing::save_bytes(checkpoint, {.codec = Codec::zstd});
}

void damage_chunks(FileBytes& file, std::uint64_t storage_offset, std::size_t chunks) {
    for (std::size_t i = 0; i < chunks; ++i)
        file[static_cast<std::size_t>(storage_offset) + 64 * i + 20] ^= std::byte{1};
}

/// A list of nulls, then a chain of lists whose last one holds empty tensors.
Checkpoint deep_tensors(std::size_t nulls, std::size_t depth, std::size_t tensors) {
    List inner;
    for (std::size_t i = 0; i < tensors; ++i)
        inner.items.emplace_back(TensorView());
    for (std::size_t i = 0; i < depth; ++i) {
        List outer;
        outer.items.emplace_back(std::move(inner));
        inner = std::move(outer);
    }
    List root;
    root.items.resize(nulls);
    root.items.emplace_back(std::move(inner));
    Checkpoint checkpoint;
    checkpoint.values()["v"] = std::move(root);
    return checkpoint;
}

/// A file whose header and footer alone can be read: the rest is only said to be there.
class HeaderAndFooter final : public Source {
public:
    HeaderAndFooter(const FileBytes& header, const format::FooterBytes& footer, std::uint64_t file_size)
        : header_(header), footer_(footer), size_(file_size) {}

    Result<std::uint64_t> size() const override { return size_; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        if (to.size() != 64 || (offset != 0 && offset != size_ - 64))
            return Error(Condition::read, "not there");
        std::copy_n(offset == 0 ? header_.data() : footer_.data(), 64, to.data());
        return {};
    }

private:
    const FileBytes& header_;
    const format::FooterBytes& footer_;
    std::uint64_t size_;
};

}  // namespace

TEST_CASE("cost: a report of much damage is bounded, and its counts are exact") {
    constexpr std::size_t kChunks = 12, kTensors = 300;
    FileBytes file = shared_chunks(kChunks, kTensors);
    damage_chunks(file, testing::open_bytes(file)->storages()[0].offset, kChunks);
    const auto reader = testing::open_bytes(file);
    for (const unsigned threads : {1U, 3U}) {
        for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
            const auto report =
                verify(*reader, {.threads = threads, .max_damage = most, .max_tensors = most});
            REQUIRE(report);
            CHECK(!report->ok());
            CHECK(report->damage_count == kChunks);
            CHECK(report->damaged_tensors == kTensors);
            CHECK(report->unreadable_count == 0);
            REQUIRE(report->damage.size() == std::min(most, kChunks));
            for (std::size_t i = 0; i < report->damage.size(); ++i) {
                CHECK(report->damage[i].chunk == i);  // the first ones of the file
                CHECK(report->damage[i].tensor_count == kTensors);
                CHECK(report->damage[i].tensors.size() == std::min(most, kTensors));
                CHECK(report->damage[i].error.message().size() < 1000);
            }
        }
    }
}

TEST_CASE("cost: the tensors of a damaged chunk are those with bytes in it") {
    // 40 tensors of 100,000 bytes and two over all of them, in one storage of 4 chunks.
    std::vector<std::uint8_t> bytes(4'000'000);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::uint8_t>(i * i >> 7U);
    const auto whole = TensorView::of(std::span(bytes), {bytes.size()});
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    model["all"] = whole;
    for (std::size_t i = 40; i-- > 0;)
        model["part" + std::to_string(i)] = *whole.slice({{100'000 * i, 100'000 * (i + 1)}});
    model["all again"] = whole;
    model["none"] = *whole.slice({{500, 500}});
    FileBytes file = *testing::save_bytes(checkpoint);
    const StorageInfo storage = testing::open_bytes(file)->storages()[0];
    file[static_cast<std::size_t>(storage.offset) + 1'500'000] ^= std::byte{1};  // chunk 1
    const auto reader = testing::open_bytes(file);
    const auto report = verify(*reader, {.max_tensors = 3});
    REQUIRE(report);
    REQUIRE(report->damage.size() == 1);
    // Chunk 1 holds bytes 1,048,576 to 2,097,151: parts 10 to 20.
    CHECK(report->damage[0].tensor_count == 13);
    CHECK(report->damaged_tensors == 13);
    std::vector<std::string> paths;
    for (const std::uint32_t tensor : report->damage[0].tensors)
        paths.push_back(reader->tensor_path(tensor));
    CHECK(paths == std::vector<std::string>{"m/all", "m/all again", "m/part10"});
    const auto all = verify(*reader);
    CHECK(all->damage[0].tensors.size() == 13);
    CHECK(all->damage[0].error.message().starts_with("m/all and 12 more chunk 1, bytes "));
}

TEST_CASE("cost: paths of deep tensors among many values are linear") {
    const auto reader = testing::open_bytes(*testing::save_bytes(deep_tensors(100'000, 60, 40'000)));
    REQUIRE(reader);
    std::string chain = "v/100000";
    for (int i = 0; i < 60; ++i)
        chain += "/0";
    for (std::uint32_t i = 0; i < reader->tensor_count(); ++i)
        REQUIRE(reader->tensor_path(i) == chain + '/' + std::to_string(i));
    CHECK(reader->tensor(chain + "/39999")->index() == 39'999U);
    CHECK(reader->tensor("no/such").error().condition() == Condition::tensor);
    CHECK(reader->tensor(chain + "/40000").error().condition() == Condition::tensor);
    CHECK(reader->tensor(chain + "/007").error().condition() == Condition::tensor);
    CHECK(reader->tensor(chain).error().condition() == Condition::tensor);
}

TEST_CASE("cost: as many models as the limit allows") {
    constexpr std::uint32_t kModels = 65'536;
    Checkpoint checkpoint;
    for (std::uint32_t i = 0; i < kModels; ++i)
        checkpoint.model("m" + std::to_string(i))["w"] = i;
    const auto reader = testing::open_bytes(*testing::save_bytes(checkpoint));
    REQUIRE(reader);
    const auto loaded = reader->checkpoint();
    REQUIRE(loaded);
    CHECK(loaded->models().size() == kModels);
    for (const std::string_view name : reader->models())
        REQUIRE(reader->model(name));
    CHECK(reader->model("m65536").error().condition() == Condition::model);
}

TEST_CASE("cost: decoding stays within its limit") {
    Checkpoint checkpoint;
    checkpoint.values()["nulls"] = List{std::vector<Value>(100'000)};
    checkpoint.values()["text"] = std::string(100'000, 't');
    checkpoint.model("m")["list"] = List{std::vector<Value>(100'000)};
    OptimizerState& optimizer = checkpoint.optimizer("o");
    for (std::uint64_t i = 0; i < 1000; ++i)
        optimizer.state[i];
    optimizer.param_groups.emplace_back().params.resize(20'000);
    for (std::uint64_t i = 0; i < 20'000; ++i)
        optimizer.param_groups[0].params[i] = i;
    const FileBytes file = *testing::save_bytes(checkpoint);
    const auto reader = testing::open_bytes(file, {.limits = {.max_decoded_bytes = 100'000}});
    REQUIRE(reader);
    for (const Error& error :
         {reader->value("nulls").error(), reader->value("text").error(), reader->model("m").error(),
          reader->optimizer("o").error(), reader->checkpoint().error()}) {
        CHECK(error.condition() == Condition::decoded_bytes);
        CHECK(error.code() == Code::limit_exceeded);
    }
    CHECK(verify(*reader)->ok());
    const auto ample = testing::open_bytes(file, {.limits = {.max_decoded_bytes = 100'000'000}});
    CHECK(ample->checkpoint());
}

TEST_CASE("cost: an index of 2^31 - 1 bytes, on which FlatBuffers asserts, is refused before it is read") {
    const FileBytes file = *testing::save_bytes(testing::small());
    format::Footer footer = *testing::last_footer(file);
    footer.placement = {64, (std::uint64_t{1} << 31U) - 1};
    footer.file_size = footer.placement.file_size();
    format::HeaderBytes header;
    std::copy_n(file.begin(), header.size(), header.begin());
    footer.header_checksum = format::header_tag(header);
    const format::FooterBytes footer_bytes = footer.encode();
    const auto source = std::make_shared<HeaderAndFooter>(file, footer_bytes, footer.file_size);
    const auto reader = Reader::open(source, {.limits = {.max_index_bytes = UINT64_MAX}});
    REQUIRE(!reader);
    CHECK(reader.error().condition() == Condition::index_bytes);
}
