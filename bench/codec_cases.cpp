// The float codec on one core against memcpy, through the library: a save to memory and a load from memory.
// Both contain the checksums that every save and load makes.

#include <cstddef>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/writer.hpp>

#include "arena.hpp"
#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "fixture.hpp"
#include "loads.hpp"
#include "memory_file.hpp"
#include "model.hpp"
#include "units.hpp"

namespace bench {

namespace {

/// What the cases of one dtype share.
struct Packed {
    Packed(milepost::Dtype dtype, std::size_t nbytes)
        : model(dtype, nbytes, 2), copy(nbytes), file(nbytes + nbytes / 2 + (std::size_t{1} << 20U)) {}

    void save(milepost::Codec codec) {
        file.clear();
        must(milepost::save(file, model.checkpoint(), {.codec = codec, .threads = 1}));
    }
    void load() {
        load_into_memory(must(milepost::Reader::open(std::make_shared<MemorySource>(file.bytes()))),
                         copy.bytes(), 1);
    }

    Model model;
    Arena copy;
    MemoryFile file;
};

Case packed_case(Fixture& fixture, milepost::Dtype dtype, const std::string& what, bool compress,
                 milepost::Codec codec, std::optional<Goal> goal) {
    const std::size_t nbytes = fixture.settings().nbytes() / fixture.settings().pick<std::size_t>(1, 4, 4);
    const auto packed = std::make_shared<Packed>(dtype, nbytes);
    packed->save(codec);
    const double ratio =
        static_cast<double>(packed->model.nbytes()) / static_cast<double>(packed->file.bytes().size());
    const std::string name(milepost::find_dtype(dtype)->name);
    return Case{.goal = goal,
                .nbytes = packed->model.nbytes(),
                .turns = fixture.settings().pick(1, 5, 11),
                .one_core = true,
                .subject = {what + " of " + name + " in memory, with checksums, CPU time (ratio " +
                                std::to_string(ratio).substr(0, 5) + ")",
                            [=] { compress ? packed->save(codec) : packed->load(); }},
                .reference = {"M1: memcpy, touched huge pages, CPU time", [=] {
                                  copy_memory(packed->copy.bytes().first(packed->model.nbytes()),
                                              packed->model.bytes(), 1);
                              }}};
}

void add_codec(Fixture& fixture, milepost::Dtype dtype, const std::string& codec_name, milepost::Codec codec,
               std::optional<Goal> compression, std::optional<Goal> decompression) {
    const std::string dtype_name(milepost::find_dtype(dtype)->name);
    add_case(codec_name + "-C/" + dtype_name, [=, &fixture] {
        return packed_case(fixture, dtype, codec_name + ": compression", true, codec, compression);
    });
    add_case(codec_name + "-D/" + dtype_name, [=, &fixture] {
        return packed_case(fixture, dtype, codec_name + ": decompression", false, codec, decompression);
    });
}

}  // namespace

void add_codec_cases(Fixture& fixture) {
    // The fast codec of this library is planes, so the goals of a codec at the speed of memory are its goals.
    add_codec(fixture, milepost::Dtype::bf16, "planes", milepost::Codec::planes, at_least(0.4, 0.35),
              at_least(0.9));
    add_codec(fixture, milepost::Dtype::f32, "planes", milepost::Codec::planes, {}, {});
    add_codec(fixture, milepost::Dtype::f16, "planes", milepost::Codec::planes, {}, {});
    add_codec(fixture, milepost::Dtype::bf16, "smallest", milepost::Codec::smallest, {}, {});
}

}  // namespace bench
