#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/value.hpp>

namespace milepost::convert {

/// All tensors and values of a checkpoint with their paths, in order: also what is not an entry, such as the
/// params of a group. Borrows from the checkpoint.
class ContentItems {
public:
    struct Item {
        std::string path;
        const Value* value;
    };

    explicit ContentItems(const Checkpoint& checkpoint);
    /// The tensors alone, under the names that they have in a format of named tensors.
    [[nodiscard]] static ContentItems flat(const Checkpoint& checkpoint);
    ContentItems(const ContentItems&) = delete;
    ContentItems(ContentItems&&) noexcept = default;
    ContentItems& operator=(const ContentItems&) = delete;
    ContentItems& operator=(ContentItems&&) = delete;
    ~ContentItems() = default;

    [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
    /// The first item of that path that was not taken before, and takes it; null if there is none.
    [[nodiscard]] const Item* take(const std::string& path);
    [[nodiscard]] bool is_taken(std::size_t item) const { return taken_[item]; }

private:
    ContentItems() = default;
    void add_all(const Checkpoint& checkpoint);
    void add_made(const std::string& path, Value value);
    void add_optimizer(const std::string& name, const OptimizerState& optimizer);
    void make_index();

    std::vector<Item> items_;
    std::deque<Value> made_;  ///< of what is not a Value in the checkpoint
    std::deque<Checkpoint> metadata_;
    std::map<std::string, std::vector<std::size_t>, std::less<>> by_path_;  ///< the last one first
    std::vector<bool> taken_;
};

}  // namespace milepost::convert
