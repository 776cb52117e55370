// Loading a file that is not in the page cache.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>

#include <milepost/read_plan.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "case.hpp"
#include "cases.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "fixture.hpp"
#include "loads.hpp"
#include "units.hpp"

namespace bench {

namespace {

/// Reads the bytes of a mapped file page by page, as a program does that maps a file and uses it.
void touch(std::span<const std::byte> bytes) {
    unsigned sum = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 4096)
        sum += std::to_integer<unsigned>(bytes[i]);
    benchmark::DoNotOptimize(sum);
}

/// The tensor at or after the middle of the file that has a MiB.
milepost::TensorView middle_tensor(const milepost::Reader& file) {
    const auto tensors = file.tensors("model");
    for (std::size_t i = tensors.size() / 2; i < tensors.size(); ++i) {
        if (tensors[i].rank() == 2) return tensors[i];
    }
    throw std::runtime_error("the model has no matrix");
}

/// Its first MiB. The file is mapped anew for each turn, because the system does not drop pages that are
/// mapped.
Case cold_tensor(Fixture& fixture) {
    const std::string path = fixture.raw_file();
    const milepost::TensorView tensor = middle_tensor(open_mapped(path));
    const std::uint64_t offset =
        open_mapped(path).storages()[*tensor.storage().index()].offset + tensor.offset();
    constexpr std::size_t kNbytes = std::size_t{1} << 20U;
    const auto read = [name = std::string(tensor.name()), &fixture](const milepost::Reader& file) {
        milepost::ReadPlan plan(file);
        const milepost::TensorView part = must(must(file.tensor("model", name)).slice({{0, 512}}));
        must(plan.add(part, fixture.destination().first(kNbytes)));
        must(plan.read());
    };
    const auto opened = std::make_shared<std::optional<milepost::Reader>>();
    return Case{
        .goal = at_least(10),
        .turns = fixture.settings().pick(1, 15, 31),
        .subject = {"read of 1 MiB in the middle of a cold file, verified",
                    [=] {
                        read(**opened);
                        opened->reset();
                    },
                    [=] {
                        evict(path);
                        *opened = open_mapped(path);
                    }},
        .reference = {"the same MiB of a mapping, page by page",
                      [=] { touch(Mapping(path).bytes().subspan(offset, kNbytes)); }, [=] { evict(path); }}};
}

Case cold_load(Fixture& fixture, const std::string& path, const std::string& what,
               const std::string& direct_path, const std::string& direct_what, Goal goal) {
    return Case{.goal = goal,
                .nbytes = fixture.model().nbytes(),
                .turns = fixture.settings().pick(1, 5, 9),
                .subject = {what,
                            [path, &fixture] {
                                load_into_memory(must(milepost::Reader::open(path)), fixture.destination());
                            },
                            [=] { evict(path); }},
                .reference = {direct_what,
                              [direct_path, &fixture] { read_direct(direct_path, fixture.destination()); },
                              [=] { evict(direct_path); }}};
}

}  // namespace

void add_cold_cases(Fixture& fixture) {
    const std::string raw = "cold verified load into touched memory";
    const std::string packed = "cold verified load of the compressed file into touched memory";
    add_case("cold-tensor", [&fixture] { return cold_tensor(fixture); });
    add_case("cold-raw", [=, &fixture] {
        return cold_load(fixture, fixture.raw_file(), raw, fixture.raw_file(),
                         "OR: O_DIRECT read of the same file", at_least(0.95));
    });
    add_case("cold-packed/raw-read", [=, &fixture] {
        return cold_load(fixture, fixture.packed_file(), packed, fixture.raw_file(),
                         "OR: O_DIRECT read of the same tensors, not compressed", at_least(1.3));
    });
    add_case("cold-packed/stored-read", [=, &fixture] {
        return cold_load(fixture, fixture.packed_file(), packed, fixture.packed_file(),
                         "OR: O_DIRECT read of the compressed file, in raw bytes", at_least(0.95));
    });
}

}  // namespace bench
