#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/import_input.hpp"
#include "convert/objects/checkpoint_of.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/value_of.hpp"
#include "convert/pytorch/read_format.hpp"
#include "convert/pytorch/storage_table.hpp"

namespace milepost::convert::pytorch {
namespace {

using base::message;
using namespace std::string_view_literals;

/// 0x1950a86a20f9469cfc6c, as an int of Python has it in memory.
constexpr std::string_view kMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv;
constexpr std::int64_t kProtocol = 1001;

/// Reads the pickles of a file, one after the other. Their sizes are nowhere, and what follows the last one
/// may be large: more is read while a pickle is cut.
class PickleStream {
public:
    explicit PickleStream(const ImportInput& input) : input_(input) {}

    Result<pickle::Unpickled> next() {
        constexpr std::uint64_t kFirst = 1U << 16U;
        const Limits& limits = input_.options.limits;
        const std::uint64_t most = std::min(input_.size - at_, limits.max_index_bytes);
        for (std::uint64_t nbytes = std::min(kFirst, most);; nbytes = std::min(4 * nbytes, most)) {
            MILEPOST_TRY_ASSIGN(std::string text, read_text(*input_.source, at_, nbytes, limits));
            auto unpickled = pickle::unpickle(std::move(text), limits);
            if (unpickled) {
                at_ += unpickled->end;
                return unpickled;
            }
            if (unpickled.error().condition() != Condition::cut) return unpickled;
            if (nbytes == most) {
                if (most == input_.size - at_) return unpickled;
                return Error(Condition::index_bytes, message("a pickle has more than ", most, " bytes"));
            }
        }
    }
    /// Where the last pickle ended.
    [[nodiscard]] std::uint64_t at() const noexcept { return at_; }

private:
    const ImportInput& input_;
    std::uint64_t at_ = 0;
};

/// A storage is a count of its elements, and the elements. They are little-endian whatever machine wrote
/// them: PyTorch swaps them when it writes, and never looks at the order that the file tells.
class LegacyStorages final : public StorageTable {
public:
    LegacyStorages(const ImportInput& input, std::uint64_t begin) : input_(input), at_(begin) {}

    /// The next storage of the file. `known` has what the pickle tells of each key.
    Result<void> add(const std::string& key, const pickle::StorageObject& storage) {
        std::byte count[sizeof(std::uint64_t)];
        if (!base::range_within(at_, sizeof count, input_.size)) return cut(key);
        MILEPOST_TRY(input_.source->read(at_, count));
        if (base::load_le<std::uint64_t>(count) != storage.count)
            return Error(Condition::foreign,
                         message("storage ", escape(key, 120), " at ", at_, " has ",
                                 base::load_le<std::uint64_t>(count), " elements in the file, and ",
                                 storage.count, " by the pickle"));
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, nbytes_of(storage));
        const std::uint64_t begin = at_ + sizeof count;
        if (!base::range_within(begin, nbytes, input_.size)) return cut(key);
        if (!places_.emplace(key, StoragePlace{input_.source, begin, nbytes}).second)
            return Error(Condition::foreign, message("storage ", escape(key, 120), " is in the file twice"));
        at_ = begin + nbytes;
        return {};
    }

private:
    Result<StoragePlace> place(const pickle::StorageObject& storage) override {
        const auto found = places_.find(storage.key);
        if (found != places_.end()) return found->second;
        return Error(Condition::foreign,
                     message("the file does not have storage ", escape(storage.key, 120)));
    }
    [[nodiscard]] Error cut(const std::string& key) const {
        return Error(Condition::cut, message("storage ", escape(key, 120), " at ", at_,
                                             " does not fit into the file of ", input_.size, " bytes"));
    }

    const ImportInput& input_;
    std::uint64_t at_;
    std::map<std::string, StoragePlace, std::less<>> places_;
};

/// The magic, the protocol and the facts about the machine, which come first.
Result<void> read_header(PickleStream& pickles) {
    const auto magic = pickles.next();
    if (!magic) return magic.error();
    const pickle::Objects& objects = *magic->objects;
    if (objects.type(magic->root) != pickle::Type::long_integer || objects.text(magic->root) != kMagic)
        return Error(Condition::magic,
                     message("a pickle of a ", type_name(objects.type(magic->root)),
                             " that is not of PyTorch: load it where you trust it, and save it "
                             "with torch.save"));
    MILEPOST_TRY_ASSIGN(const auto protocol, pickles.next());
    if (protocol.objects->type(protocol.root) != pickle::Type::integer ||
        protocol.objects->integer(protocol.root) != kProtocol)
        return Error(Condition::feature, message("the protocol of the file is not ", kProtocol));
    MILEPOST_TRY(pickles.next());
    return {};
}

/// What the pickle of the object tells of each storage; the first one counts, as in PyTorch.
std::map<std::string_view, const pickle::StorageObject*> storages_of(const pickle::Objects& objects) {
    std::map<std::string_view, const pickle::StorageObject*> by_key;
    for (pickle::Ref ref = 0; ref < objects.size(); ++ref) {
        if (objects.type(ref) != pickle::Type::storage) continue;
        const pickle::StorageObject& storage = objects.storage(ref);
        by_key.emplace(storage.key, &storage);
    }
    return by_key;
}

Result<void> read_storages(const pickle::Unpickled& keys, const pickle::Objects& objects,
                           LegacyStorages& storages) {
    if (keys.objects->type(keys.root) != pickle::Type::list)
        return Error(Condition::foreign, "the keys of the storages are not a list");
    const auto by_key = storages_of(objects);
    for (const pickle::Ref ref : keys.objects->items(keys.root)) {
        const pickle::Type type = keys.objects->type(ref);
        if (type != pickle::Type::string && type != pickle::Type::old_string)
            return Error(Condition::foreign, "the key of a storage is not a str");
        const std::string key(keys.objects->text(ref));
        const auto found = by_key.find(key);
        if (found == by_key.end())
            return Error(Condition::foreign, message("storage ", escape(key, 120), " is not in the pickle"));
        MILEPOST_TRY(storages.add(key, *found->second));
    }
    return {};
}

}  // namespace

Result<Checkpoint> import_legacy(const ImportInput& input) {
    PickleStream pickles(input);
    MILEPOST_TRY(read_header(pickles));
    const std::uint64_t object_at = pickles.at();
    const auto object = pickles.next();
    if (!object) return object.error().within(message("the pickle at ", object_at));
    const auto keys = pickles.next();
    if (!keys) return keys.error().within("the keys of the storages");
    LegacyStorages storages(input, pickles.at());
    MILEPOST_TRY(read_storages(*keys, *object->objects, storages));
    auto value = value_of(object->objects, object->root, storages);
    if (!value) return value.error().within(message("the pickle at ", object_at));
    return objects::checkpoint_of(*std::move(value), input.options.models, input.options.limits,
                                  array_storages(object->objects));
}

}  // namespace milepost::convert::pytorch
