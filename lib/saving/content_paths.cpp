#include "saving/content_paths.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>

#include <milepost/checkpoint.hpp>

#include "base/message.hpp"
#include "core/text.hpp"
#include "format/validate.hpp"
#include "format/value_columns.hpp"

namespace milepost::saving {
namespace {

using base::message;
using core::printable;

std::string prefix_of(const ContentPaths::ListName& name) {
    std::string prefix;
    if (!name.owner.empty() || name.optimizer != nullptr) prefix += message(name.owner, "/");
    if (!name.part.empty()) prefix += message(name.part, "/");
    if (name.number) prefix += message(*name.number, "/");
    return prefix;
}

/// " (parameter 'fc1.weight')" for the state of a parameter whose group has names.
std::string parameter_of(const ContentPaths::ListName& list) {
    if (list.optimizer == nullptr || list.part != "state" || !list.number) return {};
    for (const ParamGroup& group : list.optimizer->param_groups) {
        if (!group.param_names) continue;
        const auto found = std::find(group.params.begin(), group.params.end(), *list.number);
        const auto i = static_cast<std::size_t>(found - group.params.begin());
        if (i < group.param_names->size())
            return message(" (parameter '", printable((*group.param_names)[i]), "')");
    }
    return {};
}

template <class Parts>
std::string name_of(const Parts& parts, std::size_t number) {
    return std::next(parts.begin(), static_cast<std::ptrdiff_t>(number))->first;
}

}  // namespace

void ContentPaths::add_list(const ListName& name, const Entries& entries) {
    lists_.push_back({name, &entries, roots_.size()});
    for (const auto& [entry, value] : entries)
        roots_.push_back(&value);
    entries_ = roots_.size();
}

void ContentPaths::add_metadata() {
    for (const auto& [name, model] : checkpoint_->models())
        roots_.push_back(&model.metadata);
}

std::string ContentPaths::of_value(std::size_t number) const {
    const format::ValuePlace place = format::place_of_value(roots_, *limits_, number);
    if (place.root >= entries_) {
        const std::string model = name_of(checkpoint_->models(), place.root - entries_);
        return printable(message(model, "/_metadata", place.below));
    }
    const auto above = std::upper_bound(lists_.begin(), lists_.end(), place.root,
                                        [](std::size_t root, const List& list) { return root < list.first; });
    return printable(of_entry(place.root) + place.below) + parameter_of(std::prev(above)->name);
}

std::string ContentPaths::of(const format::Subject& subject) const {
    const std::string_view column = subject.column;
    if (column == "values") return of_value(subject.number);
    if (column == "entry_names") return printable(of_entry(subject.number));
    if (column == "model_names") return printable(name_of(checkpoint_->models(), subject.number));
    if (column == "optimizer_names") return printable(name_of(checkpoint_->optimizers(), subject.number));
    if (column == "algorithms") return printable(name_of(checkpoint_->optimizers(), subject.number));
    if (column == "groups") return printable(of_group(subject.number));
    if (column == "param_names") return printable(of_param_name(subject.number));
    return {};
}

std::string ContentPaths::of_entry(std::size_t number) const {
    const auto above =
        std::upper_bound(lists_.begin(), lists_.end(), number,
                         [](std::size_t entry, const List& list) { return entry < list.first; });
    const List& list = *std::prev(above);  // the last one that begins there has entries
    return prefix_of(list.name) + name_of(*list.entries, number - list.first);
}

std::string ContentPaths::of_group(std::size_t number) const {
    for (const auto& [name, optimizer] : checkpoint_->optimizers()) {
        if (number < optimizer.param_groups.size()) return message(name, "/param_groups/", number);
        number -= optimizer.param_groups.size();
    }
    return {};
}

std::string ContentPaths::of_param_name(std::size_t number) const {
    for (const auto& [name, optimizer] : checkpoint_->optimizers()) {
        for (std::size_t group = 0; group < optimizer.param_groups.size(); ++group) {
            const auto& names = optimizer.param_groups[group].param_names;
            if (!names) continue;
            if (number < names->size())
                return message(name, "/param_groups/", group, "/param_names/", number);
            number -= names->size();
        }
    }
    return {};
}

}  // namespace milepost::saving
