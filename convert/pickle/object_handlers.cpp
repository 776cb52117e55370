// What opcodes do that name a global, call it, or set the state of an object.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/pickle/calls.hpp"
#include "convert/pickle/globals.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

using base::message;

Result<void> Machine::push_global(std::string_view module, std::string_view name) {
    if (globals_ == Globals::of_torchscript && module.starts_with("__torch__"))
        return push(objects_->add_text(Type::script_class, message(module, ".", name)));
    MILEPOST_TRY_ASSIGN(const std::uint32_t row, find_global(module, name));
    return push(objects_->add_global(row));
}

Result<void> Machine::global() {
    MILEPOST_TRY_ASSIGN(const std::string_view module, take_line());
    MILEPOST_TRY_ASSIGN(const std::string_view name, take_line());
    return push_global(module, name);
}

Result<void> Machine::stack_global() {
    MILEPOST_TRY_ASSIGN(const Ref name, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref module, pop_one());
    if (objects_->type(name) != Type::string || objects_->type(module) != Type::string)
        return Error(Condition::foreign, "the name of a global is not a str");
    return push_global(objects_->text(module), objects_->text(name));
}

Result<Ref> Machine::called(Ref function, Ref arguments) {
    if (objects_->type(arguments) != Type::tuple)
        return Error(Condition::foreign, message("the arguments of a call are a ",
                                                 type_name(objects_->type(arguments)), ", not a tuple"));
    if (objects_->type(function) == Type::script_class && objects_->items(arguments).empty())
        return objects_->add_container(Type::script_object, {});
    if (objects_->type(function) != Type::global)
        return Error(Condition::foreign,
                     message("calls a ", type_name(objects_->type(function)), ", not a global"));
    const GlobalRow& row = global_at(objects_->global_row(function));
    if (row.call == nullptr)
        return Error(Condition::global, message("calls ", full_name(row), ", which makes no data"));
    return row.call({*objects_, row, objects_->items(arguments)});
}

Result<void> Machine::reduce() {
    MILEPOST_TRY_ASSIGN(const Ref arguments, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref function, pop_one());
    return push(called(function, arguments));
}

/// As REDUCE: the classes of the table are made alike by both.
Result<void> Machine::new_object() {
    return reduce();
}

Result<void> Machine::build() {
    MILEPOST_TRY_ASSIGN(const Ref state, pop_one());
    MILEPOST_TRY_ASSIGN(const Ref target, top());
    switch (objects_->type(target)) {
        case Type::ordered_dict:
        case Type::counter:
            return build_attributes(*objects_, target, state);
        case Type::tensor:
            return build_tensor(*objects_, target, state);
        case Type::numpy_dtype:
            return build_numpy_dtype(*objects_, target, state);
        case Type::numpy_array:
            return build_numpy_array(*objects_, target, state);
        case Type::script_object:
            if (objects_->type(state) != Type::dict)
                return Error(Condition::feature,
                             "an object of a TorchScript class is made by code of its class");
            return objects_->append(target, std::vector<Ref>(objects_->items(state)));
        default:
            break;
    }
    return Error(Condition::foreign, message("sets the state of a ", type_name(objects_->type(target)),
                                             " to a ", type_name(objects_->type(state))));
}

Result<void> Machine::persistent_id() {
    MILEPOST_TRY_ASSIGN(const Ref id, pop_one());
    return push(storage_of_id(*objects_, id));
}

}  // namespace milepost::convert::pickle
