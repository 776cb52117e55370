#pragma once

namespace milepost::platform {

/// The process that created an object. After fork() the child has a copy of the object, but the object's work
/// on the system (a file, a name in a folder) is still that of the parent: the child must not go on with it.
class OwnerProcess {
public:
    OwnerProcess() noexcept;

    /// False in a child process.
    [[nodiscard]] bool is_current() const noexcept;

private:
    long id_;
};

}  // namespace milepost::platform
