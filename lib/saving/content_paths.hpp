#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/value.hpp>

#include "format/validate.hpp"

namespace milepost::saving {

/// The values of a checkpoint in the order of the file, and their paths for messages. A path is made only
/// when it is asked for. Borrows from the checkpoint.
class ContentPaths {
public:
    /// What leads the names of an entry list: "owner/part/number/". The parts that are empty are left out.
    struct ListName {
        std::string_view owner = {};
        std::string_view part = {};
        std::optional<std::uint64_t> number = std::nullopt;
        const OptimizerState* optimizer = nullptr;
    };

    ContentPaths(const Checkpoint& checkpoint, const Limits& limits)
        : checkpoint_(&checkpoint), limits_(&limits) {}

    /// Adds the values of a list after those that were added before. Throws std::bad_alloc.
    void add_list(const ListName& name, const Entries& entries);
    /// Adds the metadata of all models, after all lists. Throws std::bad_alloc.
    void add_metadata();

    /// The values that were added.
    [[nodiscard]] std::span<const Value* const> roots() const noexcept { return roots_; }

    /// "net/layer3", "adam/state/3/exp_avg (parameter 'fc1.weight')", "config/layers/0", escaped. The number
    /// is that of format::encode_values. Throws std::bad_alloc.
    [[nodiscard]] std::string of_value(std::size_t number) const;
    /// The path of what a rule is about; empty if it is not one part of the checkpoint. Throws
    /// std::bad_alloc.
    [[nodiscard]] std::string of(const format::Subject& subject) const;

private:
    struct List {
        ListName name;
        const Entries* entries;
        std::size_t first;
    };

    [[nodiscard]] std::string of_entry(std::size_t number) const;
    [[nodiscard]] std::string of_group(std::size_t number) const;
    [[nodiscard]] std::string of_param_name(std::size_t number) const;

    const Checkpoint* checkpoint_;
    const Limits* limits_;
    std::vector<const Value*> roots_;
    std::vector<List> lists_;
    std::size_t entries_ = 0;
};

}  // namespace milepost::saving
