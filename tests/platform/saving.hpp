#pragma once

#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "platform/replace.hpp"
#include "support/scratch.hpp"

namespace milepost::testing {

/// Saves `content` to `path`, in two writes.
inline Result<void> try_replace(const std::string& path, std::string_view content,
                                const platform::ReplaceOptions& options = {}) {
    auto file = platform::ReplacingFile::create(path, options);
    if (!file) return file.error();
    const std::size_t half = content.size() / 2;
    if (auto done = file->write(0, bytes_of(content.substr(0, half))); !done) return done;
    if (auto done = file->write(half, bytes_of(content.substr(half))); !done) return done;
    return file->commit(content.size());
}

inline void replace(const std::string& path, std::string_view content,
                    const platform::ReplaceOptions& options = {}) {
    const auto done = try_replace(path, content, options);
    CAPTURE((done ? std::string() : done.error().message()));
    REQUIRE(done);
}

/// What an attempt to begin a save to `path` fails with; it must.
inline Condition condition_of_create(const std::string& path, const platform::ReplaceOptions& options = {}) {
    const auto file = platform::ReplacingFile::create(path, options);
    REQUIRE_FALSE(file);
    CHECK(file.error().message().starts_with(path + ": "));
    return file.error().condition();
}

/// The permissions of a file.
inline mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

}  // namespace milepost::testing
