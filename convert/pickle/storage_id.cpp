#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/torch_dtypes.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

Error not_a_storage_id(std::string_view why) {
    return Error(Condition::foreign, message("a persistent id does not name a storage of PyTorch: ", why));
}

}  // namespace

Result<Ref> storage_of_id(Objects& objects, Ref id) {
    if (objects.type(id) != Type::tuple)
        return not_a_storage_id(message("it is a ", type_name(objects.type(id))));
    const std::vector<Ref>& items = objects.items(id);
    if (items.size() < 5 || items.size() > 6 || text_of(objects, items[0]) != "storage")
        return not_a_storage_id("it is not the word 'storage' and four or five objects");
    if (objects.type(items[1]) != Type::global) return not_a_storage_id("its class is not a global");
    const GlobalRow& row = global_at(objects.global_row(items[1]));
    if (row.kind != GlobalKind::storage) return not_a_storage_id(message("its class is ", full_name(row)));
    const auto key = text_of(objects, items[2]);
    const auto location = text_of(objects, items[3]);
    const auto count = count_of(objects, items[4]);
    if (!key || !location || !count) return not_a_storage_id("its key, location or count is not one");
    if (key->size() > objects.limits().max_name_bytes)
        return Error(Condition::name_bytes, message("the key of a storage has ", key->size(), " bytes"));
    if (*location == "meta")
        return Error(Condition::feature,
                     message("storage ", escape(*key, 120), " is on the device 'meta': it has no elements"));
    StorageObject storage{.key = std::string(*key), .count = *count};
    if (!row.dtype.empty()) storage.dtype = find_torch_dtype(row.dtype);
    if (items.size() == 6 && items[5] != Objects::kNone) {
        const auto view = sequence_of(objects, items[5]);
        if (!view || view->size() != 3) return not_a_storage_id("its view is not a tuple of three");
        const auto begin = count_of(objects, (*view)[1]), size = count_of(objects, (*view)[2]);
        if (!begin || !size) return not_a_storage_id("its view does not have two counts");
        storage.part = {*begin, *size};
    }
    return objects.add_storage(std::move(storage));
}

}  // namespace milepost::convert::pickle
