#include "edit_steps.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

namespace milepost::cli {
namespace {

/// OLD with one `*`, whose text becomes that of the `*` of NEW.
class Renaming {
public:
    Renaming(std::string old_path, std::string new_path)
        : old_(std::move(old_path)), new_(std::move(new_path)), star_(old_.find('*')) {}

    [[nodiscard]] Result<void> check() const {
        const bool one_each =
            std::count(old_.begin(), old_.end(), '*') <= 1 &&
            std::count(old_.begin(), old_.end(), '*') == std::count(new_.begin(), new_.end(), '*');
        if (one_each && !old_.empty() && !new_.empty()) return {};
        return Error(Condition::option, fmt::format("--rename: '{}={}' needs one * on both sides, or none",
                                                    escape(old_), escape(new_)));
    }
    /// The new path, or nothing where the old one does not match.
    [[nodiscard]] std::optional<std::string> of(const std::string& path) const {
        if (star_ == std::string::npos) return path == old_ ? std::optional(new_) : std::nullopt;
        const std::string_view before = std::string_view(old_).substr(0, star_);
        const std::string_view after = std::string_view(old_).substr(star_ + 1);
        if (path.size() < before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
            return std::nullopt;
        const std::string middle = path.substr(before.size(), path.size() - before.size() - after.size());
        std::string made = new_;
        return made.replace(made.find('*'), 1, middle);
    }

private:
    std::string old_, new_;
    std::size_t star_;
};

class Renamer {
public:
    Renamer(const Checkpoint& from, const Renaming& renaming) : from_(from), renaming_(renaming) {}

    [[nodiscard]] Result<Checkpoint> made() {
        for (const auto& [name, model] : from_.models())
            MILEPOST_TRY(add_model(name, model));
        for (const auto& [name, optimizer] : from_.optimizers()) {
            const std::string to = new_part(name);
            MILEPOST_TRY(claim(to));
            made_.optimizer(to) = optimizer;
        }
        for (const auto& [name, value] : from_.values()) {
            const std::string to = new_part(name);
            MILEPOST_TRY(claim(to));
            made_.values()[to] = value;
        }
        std::vector<std::string> order;
        for (const std::string& name : from_.order())
            order.push_back(renaming_.of(name).value_or(name));
        made_.set_order(std::move(order));
        return std::move(made_);
    }
    [[nodiscard]] bool has_renamed() const noexcept { return has_renamed_; }

private:
    std::string new_part(const std::string& name) {
        auto renamed = renaming_.of(name);
        has_renamed_ = has_renamed_ || renamed;
        return std::move(renamed).value_or(name);
    }

    [[nodiscard]] Result<void> claim(const std::string& name) {
        if (std::find(names_.begin(), names_.end(), name) == names_.end()) {
            names_.push_back(name);
            return {};
        }
        return Error(Condition::save_name,
                     fmt::format("--rename: there is a part '{}' already", escape(name)));
    }

    [[nodiscard]] Result<void> add_model(const std::string& name, const StateDict& model) {
        const std::string to = new_part(name);
        MILEPOST_TRY(claim(to));
        StateDict& made = made_.model(to);
        made.metadata = model.metadata;
        for (const auto& [entry, value] : model) {
            std::string new_entry = entry;
            if (const auto renamed = renaming_.of(fmt::format("{}/{}", name, entry))) {
                has_renamed_ = true;
                if (!renamed->starts_with(name + '/') || renamed->size() == name.size() + 1)
                    return Error(Condition::option, fmt::format("--rename: '{}' is not in the model '{}'; an "
                                                                "entry stays in its model",
                                                                escape(*renamed), escape(name)));
                new_entry = renamed->substr(name.size() + 1);
            }
            if (!made.add(new_entry, value))
                return Error(Condition::save_name, fmt::format("--rename: '{}/{}' is there already",
                                                               escape(to), escape(new_entry)));
        }
        return {};
    }

    const Checkpoint& from_;
    const Renaming& renaming_;
    Checkpoint made_;
    std::vector<std::string> names_;
    bool has_renamed_ = false;
};

}  // namespace

Result<Checkpoint> rename(const Checkpoint& from, const std::string& old_path, const std::string& new_path) {
    const Renaming renaming(old_path, new_path);
    MILEPOST_TRY(renaming.check());
    Renamer renamer(from, renaming);
    MILEPOST_TRY_ASSIGN(auto made, renamer.made());
    if (!renamer.has_renamed()) return no_such_path("--rename", old_path);
    return made;
}

}  // namespace milepost::cli
