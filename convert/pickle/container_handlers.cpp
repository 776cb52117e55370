// What opcodes do that make or fill a container.

#include <span>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {
namespace {

using base::message;

bool is_dict(Type type) {
    return type == Type::dict || type == Type::ordered_dict || type == Type::counter;
}

}  // namespace

Result<void> Machine::empty_list() {
    return push(objects_->add_container(Type::list, {}));
}

Result<void> Machine::append() {
    MILEPOST_TRY_ASSIGN(const Ref item, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref list, top());
    if (objects_->type(list) != Type::list)
        return Error(Condition::foreign, message("appends to a ", type_name(objects_->type(list))));
    return objects_->append(list, std::span(&item, 1));
}

Result<void> Machine::appends() {
    MILEPOST_TRY_ASSIGN(const std::vector<Ref> items, pop_to_mark());
    MILEPOST_TRY_ASSIGN(const Ref list, top());
    if (objects_->type(list) != Type::list)
        return Error(Condition::foreign, message("appends to a ", type_name(objects_->type(list))));
    return objects_->append(list, items);
}

Result<void> Machine::empty_tuple() {
    return push(objects_->add_container(Type::tuple, {}));
}

Result<void> Machine::tuple() {
    MILEPOST_TRY_ASSIGN(std::vector<Ref> items, pop_to_mark());
    return push(objects_->add_container(Type::tuple, std::move(items)));
}

Result<void> Machine::tuple_1() {
    return tuple_of(1);
}

Result<void> Machine::tuple_2() {
    return tuple_of(2);
}

Result<void> Machine::tuple_3() {
    return tuple_of(3);
}

Result<void> Machine::empty_dict() {
    return push(objects_->add_container(Type::dict, {}));
}

Result<void> Machine::set_item() {
    MILEPOST_TRY_ASSIGN(const Ref value, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref key, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref dict, top());
    const Ref items[] = {key, value};
    if (!is_dict(objects_->type(dict)))
        return Error(Condition::foreign, message("sets an item of a ", type_name(objects_->type(dict))));
    return objects_->append(dict, items);
}

Result<void> Machine::set_items() {
    MILEPOST_TRY_ASSIGN(const std::vector<Ref> items, pop_to_mark());
    MILEPOST_TRY_ASSIGN(const Ref dict, top());
    if (!is_dict(objects_->type(dict)))
        return Error(Condition::foreign, message("sets items of a ", type_name(objects_->type(dict))));
    if (items.size() % 2 != 0)
        return Error(Condition::foreign,
                     message("sets items by ", items.size(), " objects: a key without a value"));
    return objects_->append(dict, items);
}

Result<void> Machine::empty_set() {
    return push(objects_->add_container(Type::set, {}));
}

Result<void> Machine::add_items() {
    MILEPOST_TRY_ASSIGN(const std::vector<Ref> items, pop_to_mark());
    MILEPOST_TRY_ASSIGN(const Ref set, top());
    if (objects_->type(set) != Type::set)
        return Error(Condition::foreign, message("adds items to a ", type_name(objects_->type(set))));
    return objects_->append(set, items);
}

}  // namespace milepost::convert::pickle
