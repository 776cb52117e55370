#pragma once

#include <optional>
#include <string>

#include <sys/stat.h>

#include "platform/descriptor_posix.hpp"
#include "platform/temporary_posix.hpp"

namespace milepost::platform {

/// The old file of a save, on its way to the name PATH.prev: it is linked there, or copied where the file
/// system, or the rights to the file, do not permit a link. In both cases PATH itself stays as it is.
/// Functions return an errno, or 0, and throw std::bad_alloc. One thread at a time.
class PreviousFile {
public:
    /// `folder` must outlive it.
    PreviousFile(const Descriptor& folder, const std::string& target, TemporaryName name);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// Finds out, before the save, whether the old file can be linked, and copies it if not: a copy needs
    /// time, space and the right to read the file. It is not an error if there is no old file.
    [[nodiscard]] int prepare(bool durable);
    /// Gives the old file its second name, in one step. It is not an error if there is no old file.
    [[nodiscard]] int keep(bool durable);

private:
    /// Returns 0, ENOENT if there is no old file, or why it cannot be linked.
    int link() noexcept;
    int rename_link() noexcept;
    /// The same.
    int copy(bool durable);
    int rename_copy();
    [[nodiscard]] bool is_copy_current() const noexcept;

    const Descriptor& folder_;
    std::string target_, name_;
    TemporaryName link_;
    std::optional<Temporary> copy_;
    struct stat copied_ {};  ///< the status of the file that was copied
};

}  // namespace milepost::platform
