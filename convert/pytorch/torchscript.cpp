#include "convert/pytorch/torchscript.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/pickle/keys.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/value_of.hpp"

namespace milepost::convert::pytorch {
namespace {

using base::message;
using pickle::Objects;
using pickle::Ref;
using pickle::Type;

/// A module whose attributes are being read.
struct OpenModule {
    Ref ref;
    std::string prefix;  ///< of the names of its tensors
    std::vector<Ref> attributes;
    std::size_t next = 0;
};

class ModuleWalk {
public:
    ModuleWalk(Objects& objects, pickle::Storages& storages)
        : objects_(objects), storages_(storages), is_open_(objects.size()) {}

    Result<Value> run(Ref root) {
        MILEPOST_TRY(open(root, ""));
        while (!modules_.empty()) {
            OpenModule& module = modules_.back();
            if (module.next == module.attributes.size()) {
                is_open_[module.ref] = false;
                modules_.pop_back();
                continue;
            }
            const Ref key = module.attributes[module.next], value = module.attributes[module.next + 1];
            module.next += 2;
            if (objects_.type(key) != Type::string)
                return Error(Condition::foreign, "an attribute of a module is not named by a str");
            MILEPOST_TRY(visit(module.prefix + std::string(objects_.text(key)), value));
        }
        return Value(std::move(made_));
    }

private:
    Result<void> visit(const std::string& name, Ref value) {
        MILEPOST_TRY(objects_.charge(name.size() + 3 * sizeof(Value)));
        if (name.size() > objects_.limits().max_name_bytes)
            return Error(Condition::name_bytes, message("the name of a tensor has ", name.size(), " bytes"));
        if (objects_.type(value) == Type::script_object) return open(value, name + ".");
        if (objects_.type(value) != Type::tensor) return {};
        auto tensor = tensor_of(objects_, value, storages_);
        if (!tensor) return tensor.error().within(escape(name, 120));
        made_.items.push_back({name, *std::move(tensor)});
        return {};
    }

    Result<void> open(Ref ref, std::string prefix) {
        if (is_open_[ref])
            return Error(Condition::feature, message("module ", escape(prefix, 120), " refers to itself"));
        if (modules_.size() >= objects_.limits().max_depth)
            return Error(Condition::depth,
                         message("modules are nested deeper than ", objects_.limits().max_depth));
        MILEPOST_TRY_ASSIGN(auto attributes, unique_items(objects_, ref));
        is_open_[ref] = true;
        modules_.push_back({ref, std::move(prefix), std::move(attributes)});
        return {};
    }

    Objects& objects_;
    pickle::Storages& storages_;
    std::vector<bool> is_open_;  ///< by object: whether it is in `modules_`
    std::vector<OpenModule> modules_;
    Dict made_;
};

}  // namespace

Result<Value> state_dict_of_script(const std::shared_ptr<Objects>& objects, Ref root,
                                   pickle::Storages& storages) {
    if (objects->type(root) != Type::script_object)
        return Error(Condition::feature, message("a TorchScript archive holds a ",
                                                 type_name(objects->type(root)), ", not a module"));
    return ModuleWalk(*objects, storages).run(root);
}

}  // namespace milepost::convert::pytorch
