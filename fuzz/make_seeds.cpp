// Writes the seeds of all fuzz targets below a folder, one folder a target: the smallest file of each kind.
// What is in fuzz/corpus beside these is what a target once found.
//
//     make_seeds fuzz/corpus

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "array_seeds.hpp"
#include "assertions.hpp"
#include "codec/codec.hpp"
#include "convert/objects/checkpoint_of.hpp"
#include "convert/pytorch/object_pickle.hpp"
#include "convert/pytorch/write_format.hpp"
#include "support/gguf_file.hpp"
#include "support/reseal.hpp"

namespace milepost::fuzz {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

void write(const fs::path& path, std::span<const std::byte> bytes) {
    fs::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    require(file.good(), "a seed can be written");
}

std::vector<float> numbers(std::size_t count) {
    std::vector<float> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 1.0F);
    return numbers;
}

/// The contents of the seeds, one method each; what their tensors view.
class Contents {
public:
    static Checkpoint empty() { return {}; }

    [[nodiscard]] Checkpoint model() const {
        Checkpoint checkpoint;
        StateDict& model = checkpoint.model("model");
        model["conv1.weight"] =
            TensorView::of(std::span(weights_), {2, 3, 2}).with_role(Role::parameter, true);
        model["bias"] = TensorView::of(std::span(weights_), {12}).with_role(Role::buffer);
        model.metadata = Dict{{{"", Dict{{{"version", 2}}, {}, {}}}}, {}, DictSubtype::ordered_dict};
        return checkpoint;
    }

    [[nodiscard]] Checkpoint optimizer() const {
        Checkpoint checkpoint = model();
        OptimizerState& sgd = checkpoint.optimizer("sgd");
        sgd.algorithm = "SGD";
        ParamGroup& group = sgd.param_groups.emplace_back();
        group.hyperparameters["lr"] = 0.001;
        group.hyperparameters["nesterov"] = false;
        group.params = {0, 1};
        group.param_names = {"conv1.weight", "bias"};
        sgd.state[0]["momentum_buffer"] = TensorView::of(std::span(weights_), {12});
        sgd.state[1]["step"] = 3;
        sgd.state_extra["global"] = 7;
        sgd.extra["version"] = "1";
        checkpoint.values()["epoch"] = 3;
        checkpoint.set_order({"epoch", "sgd", "model"});
        return checkpoint;
    }

    static Checkpoint values() {
        Checkpoint checkpoint;
        Entries& values = checkpoint.values();
        values["null"] = nullptr;
        values["bool"] = true;
        values["int"] = -70000;
        values["float"] = 1e-5;
        values["complex"] = std::complex<double>(0.0, -0.0);
        values["dtype"] = String{"torch.float32", StringSubtype::dtype};
        values["bytes"] = milepost::Bytes{{std::byte{0}, std::byte{255}}, BytesSubtype::bytearray};
        values["list"] = List{{1, 2.5, "é", List{}}};
        values["size"] = Tuple{{1, 2}, TupleSubtype::size};
        values["set"] = Set{{3, "a", 1.5, nullptr, Tuple{{1, 2}}}};
        values["dict"] = Dict{{{"a", 1}, {2, Dict{}}}, {{"default_factory", nullptr}}, DictSubtype::counter};
        return checkpoint;
    }

    [[nodiscard]] Checkpoint views() const {
        Checkpoint checkpoint;
        const StorageView storage(std::as_bytes(std::span(weights_)));
        const DtypeInfo f32 = *find_dtype(Dtype::f32), f4 = *find_dtype(Dtype::f4_e2m1fn);
        checkpoint.values()["transposed"] = TensorView(f32, {3, 4}, storage, 0, {1, 3});
        checkpoint.values()["expanded"] = TensorView(f32, {1000, 2}, storage, 8, {0, 1});
        checkpoint.values()["four bits"] = TensorView(f4, {4, 2}, storage, 3);
        checkpoint.values()["scalar"] = TensorView(f32, {}, storage, 44);
        checkpoint.values()["empty"] = TensorView();
        checkpoint.values()["unknown"] = TensorView({static_cast<Dtype>(99), 24, "i24"}, {2}, storage, 6);
        checkpoint.values()["nested"] = List{{Dict{{{"k", TensorView(f32, {2}, storage)}}, {}, {}}}};
        return checkpoint;
    }

    /// One chunk that shrinks, one that does not, and two storages of more than one chunk.
    [[nodiscard]] Checkpoint chunks() const {
        Checkpoint checkpoint;
        checkpoint.values()["ones"] = TensorView::of(std::span(ones_), {ones_.size()});
        checkpoint.values()["weights"] = TensorView::of(std::span(weights_), {weights_.size()});
        checkpoint.values()["large"] = TensorView::of(std::span(large_), {large_.size()});
        return checkpoint;
    }

private:
    std::vector<float> weights_ = numbers(12);
    std::vector<std::uint8_t> ones_ = std::vector<std::uint8_t>(500, 1);
    std::vector<std::uint8_t> large_ = std::vector<std::uint8_t>((1U << 20U) + 5, 2);
};

Bytes saved(const Checkpoint& checkpoint, const SaveOptions& options) {
    MemorySink sink;
    require(save(sink, checkpoint, options).has_value(), "a seed can be saved");
    return sink.bytes();
}

void flip(Bytes& file, std::size_t at) {
    file[at] ^= std::byte{0x10};
}

void write_files(const fs::path& folder) {
    const Contents contents;
    const SaveOptions raw{.threads = 1}, wide{.threads = 1, .alignment = 4096};
    const SaveOptions zstd{.codec = Codec::zstd, .threads = 1};
    const auto write_both = [&](const std::string& name, const Bytes& file) {
        write(folder / "open" / name, file);
        write(folder / "open_resealed" / name, testing::without_second_pair(file));
    };
    write_both("empty", saved(Contents::empty(), raw));
    write_both("model", saved(contents.model(), raw));
    write_both("optimizer", saved(contents.optimizer(), raw));
    write_both("values", saved(Contents::values(), raw));
    write_both("views", saved(contents.views(), raw));
    write_both("chunks", saved(contents.chunks(), zstd));
    write(folder / "open_resealed" / "aligned", testing::without_second_pair(saved(contents.model(), wide)));

    const Bytes file = saved(contents.model(), raw);
    const std::size_t index = 64 + 64, end = file.size();
    Bytes damaged = file;
    flip(damaged, index + 50);
    write(folder / "open" / "copy_a_damaged", damaged);
    flip(damaged = file, 70);
    write(folder / "open" / "chunk_damaged", damaged);
    flip(damaged = file, end - 10);
    write(folder / "open" / "footer_damaged", damaged);
    flip(damaged = file, end - 64);
    write(folder / "open" / "footer_magic_damaged", damaged);
    flip(damaged = file, 20);
    write(folder / "open" / "head_damaged", damaged);
    damaged = file;
    damaged.insert(damaged.end(), 3, std::byte{'x'});
    write(folder / "open" / "trailing", damaged);
    write(folder / "open" / "cut", std::span(file).first(200));
    write(folder / "open" / "short", std::span(file).first(20));
    for (const std::string_view text : {"PK\x03\x04 an archive", "GGUF", "12345678{\"__metadata__\":{}}"})
        write(folder / "open" / ("foreign_" + std::to_string(text.size())), std::as_bytes(std::span(text)));

    // What only resealing reaches: a footer with wrong fields, and a byte that selects which of them are
    // kept.
    for (const unsigned kept : {1U, 2U, 3U}) {
        Bytes wrong = testing::without_second_pair(file);
        std::byte* footer = &wrong[wrong.size() - 64];
        footer[8] = footer[17] = std::byte{1};
        footer[48] = static_cast<std::byte>(kept);
        write(folder / "open_resealed" / ("footer_keeps_" + std::to_string(kept)), wrong);
    }
}

void write_chunks(const fs::path& folder) {
    const auto& zstd = *codec::find_codec(static_cast<std::uint8_t>(Codec::zstd));
    const std::string_view text = "the quick brown fox jumps over the lazy dog and over and over again ";
    for (const std::size_t raw_nbytes : {20U, 300U, 5000U, 70'000U, 200'000U, 1U << 20U}) {
        Bytes raw(raw_nbytes), frame(raw_nbytes);
        for (std::size_t i = 0; i < raw.size(); ++i)
            raw[i] = static_cast<std::byte>(text[i % text.size()]);
        for (const int level : {1, 19}) {
            frame.resize(raw_nbytes);
            frame.resize(zstd.make_encoder({.zstd_level = level})->encode(raw, frame));
            Bytes input(6);  // the last one: no shift
            const auto stored_nbytes = static_cast<std::uint32_t>(raw_nbytes - 1);
            std::memcpy(&input[1], &stored_nbytes, sizeof stored_nbytes);
            input.insert(input.end(), frame.begin(), frame.end());
            write(folder / ("zstd_" + std::to_string(raw_nbytes) + "_" + std::to_string(level)), input);
            if (raw_nbytes != 300) continue;
            input[1] ^= std::byte{0x40};  // a raw size of 64 more: the frame is whole but too short
            write(folder / ("zstd_too_short_" + std::to_string(level)), input);
        }
    }
}

/// Bytes of which high ones are rare, as chunks of planes of each kind of word.
void write_planes(const fs::path& folder) {
    const auto& planes = *codec::find_codec(static_cast<std::uint8_t>(Codec::planes));
    for (std::uint8_t parameter = planes.first_parameter; parameter <= planes.last_parameter; ++parameter) {
        for (const std::size_t raw_nbytes : {403U, 3000U}) {
            std::mt19937_64 random(raw_nbytes);
            Bytes raw(raw_nbytes), stored(raw_nbytes);
            for (std::byte& byte : raw)
                byte = static_cast<std::byte>(std::countr_zero(random() | 1ULL << 40U));
            stored.resize(planes.make_encoder({.parameter = parameter})->encode(raw, stored));
            Bytes input(6);
            input[0] = static_cast<std::byte>(parameter);  // of fuzz_chunk's workers
            const auto stored_nbytes = static_cast<std::uint32_t>(raw_nbytes - 1);
            std::memcpy(&input[1], &stored_nbytes, sizeof stored_nbytes);
            input.insert(input.end(), stored.begin(), stored.end());
            write(folder / ("planes_" + std::to_string(parameter) + "_" + std::to_string(raw_nbytes)), input);
        }
    }
}

/// For targets that make their content from any bytes.
void write_noise(const fs::path& folder, std::uint64_t seed) {
    constexpr unsigned kSeeds = 24;
    std::mt19937_64 random(seed);
    for (unsigned i = 0; i < kSeeds; ++i) {
        Bytes bytes(20 + 20 * i);
        std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<std::byte>(random()); });
        write(folder / ("noise_" + std::to_string(i)), bytes);
    }
}

void write_gguf(const fs::path& folder) {
    using testing::GgufFile;
    const auto put = [&](const std::string& name, const std::string& bytes) {
        write(folder / name, std::as_bytes(std::span(bytes)));
    };
    put("every_type", testing::every_gguf_type().bytes());
    put("empty", GgufFile().bytes());
    put("one_key", GgufFile().key("k", 4, GgufFile::number(7U)).bytes());
    put("one_list", GgufFile().key("k", 9, GgufFile::array(8, {GgufFile::text("a")})).bytes());
    put("lists", GgufFile().key("k", 9, GgufFile::array(9, {GgufFile::array(0, {"x"})})).bytes());
    put("one_tensor", GgufFile().tensor("t", {3, 2}, 24, "abcdef").bytes());
    put("one_block", GgufFile().tensor("t", {32}, 2, std::string(18, 'x')).bytes());
    put("two_tensors", GgufFile().tensor_at(32, "a", {1}, 24, "b").tensor_at(0, "b", {1}, 24, "a").bytes());
    GgufFile old;
    old.version = 2;
    old.alignment = 8;
    put("alignment",
        old.key("general.alignment", 4, GgufFile::number(8U)).tensor("t", {}, 0, "abcd").bytes());
}

/// Archives, and the pickles in them behind a byte that tells what is around them.
void write_pytorch(const fs::path& folder) {
    const Contents contents;
    const std::vector<std::pair<std::string, Checkpoint>> objects = {{"model", contents.model()},
                                                                     {"optimizer", contents.optimizer()},
                                                                     {"values", Contents::values()},
                                                                     {"views", contents.views()}};
    for (const auto& [name, checkpoint] : objects) {
        MemorySink archive;
        require(convert::pytorch::write_pytorch(archive, "x", checkpoint, {}).has_value(),
                "a seed can be written");
        write(folder / name, archive.bytes());
        const std::string pickle =
            '\0' + convert::pytorch::pickle_of(convert::objects::object_of(checkpoint)).pickle;
        write(folder / (name + "_pickle"), std::as_bytes(std::span(pickle)));
    }
}

}  // namespace
}  // namespace milepost::fuzz

int main(int count, char** arguments) {
    if (count != 2) {
        std::fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder = arguments[1];
    milepost::fuzz::write_files(folder);
    milepost::fuzz::write_chunks(folder / "chunk");
    milepost::fuzz::write_planes(folder / "chunk");
    milepost::fuzz::write_noise(folder / "index", 1);
    milepost::fuzz::write_noise(folder / "round_trip", 2);
    milepost::fuzz::write_gguf(folder / "gguf");
    milepost::fuzz::write_pytorch(folder / "pytorch");
    milepost::fuzz::make_array_seeds(
        [&](std::string_view target, std::string_view name, std::string_view bytes) {
            milepost::fuzz::write(folder / target / name, std::as_bytes(std::span(bytes)));
        });
    return 0;
}
