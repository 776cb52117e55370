// The pickle of a PyTorch file: one byte for the limits and the kind of file, and the pickle. Storages are
// memory of the target. What is read is saved, which must succeed or tell why, and read again by the way back
// to an object.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <milepost/milepost.hpp>

#include "assertions.hpp"
#include "convert/objects/checkpoint_of.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/value_of.hpp"
#include "convert/pytorch/storage_table.hpp"
#include "convert/pytorch/torchscript.hpp"
#include "input.hpp"

namespace milepost::fuzz {
namespace {

using namespace convert;

/// Storages of up to 64 KiB; there are no larger ones.
class Storages final : public pickle::Storages {
public:
    Result<StorageView> find(const pickle::StorageObject& storage) override {
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, pytorch::nbytes_of(storage));
        static const std::vector<std::byte> memory(1U << 16U, std::byte{1});
        if (nbytes > memory.size()) return Error(Condition::foreign, "a storage of the fuzz target is small");
        if (nbytes == 0) return StorageView();
        return StorageView(std::span(memory).first(static_cast<std::size_t>(nbytes)));
    }
};

Result<Checkpoint> read(const std::string& text, const Limits& limits, bool is_script) {
    MILEPOST_TRY_ASSIGN(const auto unpickled, pickle::unpickle(text, limits,
                                                               is_script ? pickle::Globals::of_torchscript
                                                                         : pickle::Globals::of_data));
    require(unpickled.end <= text.size(), "a pickle ends within its file");
    Storages storages;
    auto object = is_script ? pytorch::state_dict_of_script(unpickled.objects, unpickled.root, storages)
                            : value_of(unpickled.objects, unpickled.root, storages);
    if (!object) return std::move(object).error();
    return objects::checkpoint_of(*std::move(object), {}, limits);
}

/// A checkpoint that was read can be saved, but for a few limits of the whole; and is the same after the way
/// back.
void check(const Checkpoint& checkpoint, const Limits& limits) {
    SaveOptions options;
    options.limits = limits;
    options.threads = 1;
    options.compact = true;
    MemorySink sink;
    if (const auto saved = save(sink, checkpoint, options); !saved) {
        check_error(saved.error());
        return;
    }
    MemorySink again;
    const auto back = objects::checkpoint_of(objects::object_of(checkpoint), {}, limits);
    require(back.has_value(), "the object of a checkpoint is one again");
    require(save(again, *back, options).has_value(), "and can be saved");
    require(sink.bytes() == again.bytes(), "as the same bytes");
}

}  // namespace
}  // namespace milepost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t nbytes) {
    using namespace milepost;
    fuzz::Input input(data, nbytes);
    const unsigned kind = input.below(4);
    const Limits limits = kind % 2 == 0 ? fuzz::tight_limits() : fuzz::default_limits();
    const auto rest = input.rest();
    const std::string text(reinterpret_cast<const char*>(rest.data()), rest.size());
    const auto read = fuzz::read(text, limits, kind >= 2);
    fuzz::check_same_outcome(read, fuzz::read(text, limits, kind >= 2), "a pickle is read alike twice");
    if (read) fuzz::check(*read, limits);
    return 0;
}
