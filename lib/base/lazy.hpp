#pragma once

#include <atomic>
#include <mutex>
#include <optional>

namespace milepost::base {

/// A value that is made when it is first asked for. Any thread. Does not move.
template <class T>
class Lazy {
public:
    /// The value; the first call makes it by `make()`. What `make` throws passes through, and the next call
    /// tries again.
    template <class Make>
    const T& get(Make make) const {
        if (const T* made = made_.load(std::memory_order_acquire)) return *made;
        const std::lock_guard lock(mutex_);
        if (!value_) {
            value_.emplace(make());
            made_.store(&*value_, std::memory_order_release);
        }
        return *value_;
    }

private:
    mutable std::atomic<const T*> made_ = nullptr;
    mutable std::mutex mutex_;
    mutable std::optional<T> value_;
};

}  // namespace milepost::base
