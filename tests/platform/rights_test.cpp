// What the new file has of the old one besides its name, and who may open it while it is written. Most of
// this needs a second user, so it is skipped where the tests do not run as root.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "platform/replace.hpp"
#include "saving.hpp"
#include "support/scratch.hpp"

using milepost::Condition;
using milepost::platform::ReplacingFile;
using namespace milepost::testing;
using Names = std::vector<std::string>;

namespace {

constexpr uid_t kAlice = 60'001, kBob = 60'002;
constexpr gid_t kTeam = 60'010, kOthers = 60'011;

struct stat status_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status;
}

/// Sets the umask for one test.
class Umask {
public:
    explicit Umask(mode_t mask) : before_(::umask(mask)) {}
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;
    ~Umask() { ::umask(before_); }

private:
    mode_t before_;
};

bool is_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("skipped: needs root, to save as several users");
    return false;
}

/// Runs `body` in a process of a user, who is in `groups`.
template <class Body>
int as_user(uid_t user, std::vector<gid_t> groups, Body body) {
    return in_child([&] {
        if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(groups.front()) != 0 ||
            ::setuid(user) != 0)
            return 77;
        return body();
    });
}

int save_as(uid_t user, std::vector<gid_t> groups, const std::string& path, std::string_view content,
            const milepost::platform::ReplaceOptions& options = {}) {
    return as_user(user, std::move(groups), [&] {
        const auto done = try_replace(path, content, options);
        if (!done) std::puts(done.error().to_string().c_str());
        return done ? 0 : 1;
    });
}

void give_to(const std::string& path, uid_t user, gid_t group, mode_t mode) {
    REQUIRE(::chown(path.c_str(), user, group) == 0);
    REQUIRE(::chmod(path.c_str(), mode) == 0);
}

struct Entry {
    std::uint16_t tag, permissions;
    std::uint32_t id;
};

constexpr std::uint16_t kOwnerTag = 1, kUserTag = 2, kGroupTag = 4, kNamedGroupTag = 8, kMaskTag = 16,
                        kOtherTag = 32;
constexpr std::uint32_t kNoId = 0xFFFFFFFFU;

/// An access list as the kernel takes it.
std::string list_of(const std::vector<Entry>& entries) {
    std::string list("\2\0\0\0", 4);
    for (const Entry& entry : entries) {
        char bytes[8];
        std::memcpy(bytes, &entry.tag, 2);
        std::memcpy(bytes + 2, &entry.permissions, 2);
        std::memcpy(bytes + 4, &entry.id, 4);
        list.append(bytes, 8);
    }
    return list;
}

/// The list of u::rw, the given entries, and a mask.
std::string list_with(std::uint16_t group, const std::vector<Entry>& named, std::uint16_t mask,
                      std::uint16_t other) {
    std::vector<Entry> entries{{kOwnerTag, 6, kNoId}};
    for (const Entry& entry : named)
        if (entry.tag == kUserTag) entries.push_back(entry);
    entries.push_back({kGroupTag, group, kNoId});
    for (const Entry& entry : named)
        if (entry.tag == kNamedGroupTag) entries.push_back(entry);
    entries.push_back({kMaskTag, mask, kNoId});
    entries.push_back({kOtherTag, other, kNoId});
    return list_of(entries);
}

/// Whether the file system of the scratch folders has this attribute.
bool set_attribute(const std::string& path, const char* name, const std::string& value) {
    if (::setxattr(path.c_str(), name, value.data(), value.size(), 0) == 0) return true;
    MESSAGE("skipped: no " << name << " here: " << std::strerror(errno));
    return false;
}

std::string attribute_of(const std::string& path, const char* name) {
    std::string value(70'000, '\0');
    const ssize_t size = ::getxattr(path.c_str(), name, value.data(), value.size());
    value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return value;
}

/// The modes of the temporary files in a folder.
std::vector<mode_t> temporary_modes(const std::string& folder) {
    std::vector<mode_t> modes;
    for (const std::string& name : names_in(folder))
        if (name.ends_with(".tmp")) modes.push_back(mode_of(folder + "/" + name));
    return modes;
}

constexpr const char* kAccess = "system.posix_acl_access";
constexpr const char* kDefault = "system.posix_acl_default";

}  // namespace

TEST_CASE("rights: no one else may open the new file while it is written") {
    const ScratchFolder folder;
    const Umask mask(0);
    const std::string path = folder / "file";
    mode_t expected = 0666;
    SUBCASE("of a private file") {
        write_file(path, "old");
        expected = 0600;
        REQUIRE(::chmod(path.c_str(), expected) == 0);
    }
    SUBCASE("of a file that all may read") {
        write_file(path, "old");
        expected = 0644;
        REQUIRE(::chmod(path.c_str(), expected) == 0);
    }
    SUBCASE("of a new file") {}
    auto file = ReplacingFile::create(path, {});
    REQUIRE(file);
    for (const std::string_view content : {"1", "2", "3"}) {
        for (const mode_t mode : temporary_modes(folder.path()))
            CHECK(mode == 0600);
        REQUIRE(file->write(0, bytes_of(content)));
    }
    REQUIRE(file->commit(1));
    CHECK(mode_of(path) == expected);
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("rights: the old file becomes private, or goes, while the new one is written") {
    const ScratchFolder folder;
    const Umask mask(0);
    const std::string path = folder / "file";
    write_file(path, "old");
    REQUIRE(::chmod(path.c_str(), 0640) == 0);
    auto file = ReplacingFile::create(path, {});
    REQUIRE(file->write(0, bytes_of("new")));
    mode_t expected = 0640;
    SUBCASE("goes") {
        std::filesystem::remove(path);
    }
    SUBCASE("becomes private") {
        expected = 0600;
        REQUIRE(::chmod(path.c_str(), expected) == 0);
    }
    SUBCASE("becomes shared") {
        expected = 0664;
        REQUIRE(::chmod(path.c_str(), expected) == 0);
    }
    REQUIRE(file->commit(3));
    CHECK(mode_of(path) == expected);
}

TEST_CASE("rights: a file comes into being while the first one is written") {
    const ScratchFolder folder;
    const Umask mask(0);
    auto file = ReplacingFile::create(folder / "file", {});
    write_file(folder / "file", "old");
    REQUIRE(::chmod((folder / "file").c_str(), 0600) == 0);
    REQUIRE(file->commit(0));
    CHECK(mode_of(folder / "file") == 0600);
}

TEST_CASE("rights: extended attributes are kept") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    if (!set_attribute(path, "user.note", "mine")) return;
    REQUIRE(set_attribute(path, "user.empty", ""));
    const std::string large(3'000, 'x');  // ext4 has 4 KiB for all of them
    REQUIRE(set_attribute(path, "user.large", large));
    const bool trusted = ::geteuid() == 0 && set_attribute(path, "trusted.note", "t");
    mode_t mode = 0644;
    SUBCASE("of a file that may be written") {}
    SUBCASE("of a read-only file") {
        mode = 0444;
    }
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    replace(path, "new", {.keep_previous = true});
    CHECK(read_file(path) == "new");
    for (const std::string& kept : {path, path + ".prev"}) {
        CHECK(attribute_of(kept, "user.note") == "mine");
        CHECK(::getxattr(kept.c_str(), "user.empty", nullptr, 0) == 0);
        CHECK(attribute_of(kept, "user.large") == large);
        if (trusted) CHECK(attribute_of(kept, "trusted.note") == "t");
        CHECK(mode_of(kept) == mode);
    }
}

TEST_CASE("rights: what makes a program privileged is not kept") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    if (!set_attribute(path, "security.capability", capability)) return;
    replace(path, "new");
    CHECK(attribute_of(path, "security.capability").empty());
}

TEST_CASE("rights: the access list is kept") {
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    const std::string list = list_with(4, {{kUserTag, 6, kBob}, {kNamedGroupTag, 4, kTeam}}, 6, 0);
    if (!set_attribute(path, kAccess, list)) return;
    replace(path, "new");
    CHECK(attribute_of(path, kAccess) == list);
    CHECK(mode_of(path) == 0660);
    replace(path, "newer", {.keep_previous = true});
    CHECK(attribute_of(path, kAccess) == list);
    CHECK(attribute_of(path + ".prev", kAccess) == list);
}

TEST_CASE("rights: the default list of the folder is for new files only") {
    const ScratchFolder folder;
    const Umask mask(077);
    const std::string path = folder / "file";
    write_file(path, "old");  // before the folder has a list
    REQUIRE(::chmod(path.c_str(), 0640) == 0);
    if (!set_attribute(folder.path(), kDefault, list_with(4, {{kUserTag, 6, kBob}}, 6, 0))) return;
    replace(path, "new");
    CHECK(attribute_of(path, kAccess).empty());
    CHECK(mode_of(path) == 0640);

    // A new file gets what the system gives to any new file here: open() of the C++ library makes the other.
    replace(folder / "new", "x");
    write_file(folder / "other", "x");
    CHECK(attribute_of(folder / "new", kAccess) == attribute_of(folder / "other", kAccess));
    CHECK(mode_of(folder / "new") == mode_of(folder / "other"));
    CHECK_FALSE(attribute_of(folder / "new", kAccess).empty());
}

TEST_CASE("rights: root keeps owner and group of another user's file") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    give_to(path, kAlice, kTeam, 0640);
    replace(path, "new", {.keep_previous = true});
    for (const std::string& kept : {path, path + ".prev"}) {
        CHECK(status_of(kept).st_uid == kAlice);
        CHECK(status_of(kept).st_gid == kTeam);
        CHECK(mode_of(kept) == 0640);
    }
}

TEST_CASE("rights: a team's file stays the team's") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    write_file(path, "old");
    give_to(path, kAlice, kTeam, 0660);
    gid_t folder_group = kTeam;
    SUBCASE("in the team's folder, which gives its group to files") {
        give_to(folder.path(), kAlice, kTeam, 02770);
    }
    SUBCASE("in a folder of another group") {
        folder_group = kOthers;
        give_to(folder.path(), kAlice, kOthers, 0777);
    }
    // Bob's own group is another one; the team is one of his.
    REQUIRE(save_as(kBob, {kOthers, kTeam}, path, "new") == 0);
    CHECK(read_file(path) == "new");
    CHECK(status_of(path).st_gid == kTeam);
    CHECK(mode_of(path) == 0660);
    REQUIRE(save_as(kBob, {kOthers, kTeam}, folder / "first", "x") == 0);
    CHECK(status_of(folder / "first").st_gid == (folder_group == kTeam ? kTeam : kOthers));
}

TEST_CASE("rights: if the group cannot be kept, no one gets more than before") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), kAlice, kTeam, 0777);
    // {mode before, mode after}: the group of the new file was among the others, and the others have the
    // team.
    constexpr mode_t kModes[][2] = {{0640, 0600}, {0660, 0600}, {0644, 0644}, {0664, 0644}, {0666, 0666},
                                    {0604, 0600}, {0600, 0600}, {0646, 0644}, {0755, 0755}, {0750, 0700}};
    for (const mode_t* modes : kModes) {
        const mode_t before = modes[0], after = modes[1];
        CAPTURE(before);
        write_file(path, "old");
        give_to(path, kAlice, kTeam, before);
        REQUIRE(save_as(kBob, {kOthers}, path, "new") == 0);
        CHECK(read_file(path) == "new");
        CHECK(status_of(path).st_uid == kBob);
        CHECK(status_of(path).st_gid == kOthers);
        CHECK(mode_of(path) == after);
        std::filesystem::remove(path);
    }
}

TEST_CASE("rights: an access list, if the group cannot be kept") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), kAlice, kTeam, 0777);
    write_file(path, "old");
    give_to(path, kAlice, kTeam, 0600);
    const std::vector<Entry> named{{kUserTag, 6, kAlice}, {kNamedGroupTag, 4, kTeam + 5}};
    if (!set_attribute(path, kAccess, list_with(6, named, 6, 4))) return;
    REQUIRE(save_as(kBob, {kOthers}, path, "new") == 0);
    CHECK(status_of(path).st_gid == kOthers);
    CHECK(attribute_of(path, kAccess) == list_with(4, named, 6, 4));  // group and others: what all had

    const std::vector<Entry> denied{{kNamedGroupTag, 0, kTeam + 5}};
    give_to(path, kAlice, kTeam, 0600);
    REQUIRE(set_attribute(path, kAccess, list_with(6, denied, 6, 4)));
    REQUIRE(save_as(kBob, {kOthers}, path, "newer") == 0);
    CHECK(attribute_of(path, kAccess) == list_with(0, denied, 6, 0));
}

TEST_CASE("rights: an old file that may not be read keeps its mode and list") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), kAlice, kTeam, 0777);
    write_file(path, "old");
    give_to(path, kAlice, kOthers, 0600);
    mode_t expected = 0600;
    std::string list;
    SUBCASE("mode") {}
    SUBCASE("list") {
        expected = 0640;
        list = list_with(0, {{kUserTag, 4, kAlice + 9}}, 4, 0);
        if (!set_attribute(path, kAccess, list)) return;
    }
    REQUIRE(save_as(kBob, {kOthers}, path, "new") == 0);
    CHECK(read_file(path) == "new");
    CHECK(mode_of(path) == expected);
    CHECK(attribute_of(path, kAccess) == list);
}

TEST_CASE("rights: keep_previous of a file that may be read but not linked") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), kAlice, kTeam, 0777);
    // With the usual fs.protected_hardlinks Bob may not link a file that he may not write to.
    write_file(path, pattern(3'000'000, 1));
    give_to(path, kAlice, kTeam, 0644);
    const auto before = std::filesystem::last_write_time(path);
    REQUIRE(save_as(kBob, {kOthers}, path, "new", {.keep_previous = true}) == 0);
    CHECK(read_file(path) == "new");
    CHECK(read_file(path + ".prev") == pattern(3'000'000, 1));
    CHECK(mode_of(path + ".prev") == 0644);
    CHECK(std::filesystem::last_write_time(path + ".prev") == before);
    CHECK(names_in(folder.path()) == Names{"file", "file.prev"});
}

TEST_CASE("rights: keep_previous of a file that may not be read tells so at the beginning") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), kAlice, kTeam, 0777);
    write_file(path, "old");
    give_to(path, kAlice, kTeam, 0600);
    CHECK(as_user(kBob, {kOthers}, [&] {
              const auto file = ReplacingFile::create(path, {.keep_previous = true});
              return !file && file.error().condition() == Condition::link ? 0 : 1;
          }) == 0);
    CHECK(names_in(folder.path()) == Names{"file"});
}

TEST_CASE("rights: a folder that may be written and searched but not read") {
    const ScratchFolder folder;
    const std::string below = folder / "below";
    std::filesystem::create_directory(below);
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(below.c_str(), 0333) == 0);
    for (const milepost::platform::ReplaceOptions options :
         {milepost::platform::ReplaceOptions{}, milepost::platform::ReplaceOptions{.durable = false},
          milepost::platform::ReplaceOptions{.keep_previous = true},
          milepost::platform::ReplaceOptions{.create_only = true}}) {
        const int failed = in_child([&] {
            if (::geteuid() == 0 && (::setgid(kOthers) != 0 || ::setuid(kBob) != 0)) return 77;
            if (!options.create_only && !try_replace(below + "/file", "old", {.durable = false})) return 1;
            return try_replace(below + "/file", "new", options) ? 0 : 2;
        });
        CHECK(failed == 0);
        REQUIRE(::chmod(below.c_str(), 0777) == 0);
        CHECK(read_file(below + "/file") == "new");
        std::filesystem::remove(below + "/file");
        std::filesystem::remove(below + "/file.prev");
        CHECK(names_in(below).empty());
        REQUIRE(::chmod(below.c_str(), 0333) == 0);
    }
    REQUIRE(::chmod(below.c_str(), 0777) == 0);
}

TEST_CASE("target: another user's file in a sticky folder is refused at the beginning") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    give_to(folder.path(), 0, 0, 01777);
    write_file(path, "old");
    give_to(path, kAlice, kTeam, 0666);
    write_file(folder / "mine", "old");
    write_file(folder / "mine.prev", "older");
    give_to(folder / "mine", kBob, kOthers, 0666);
    give_to(folder / "mine.prev", kAlice, kTeam, 0666);
    const auto is_refused = [](const std::string& target, bool keep_previous) {
        const auto file = ReplacingFile::create(target, {.keep_previous = keep_previous});
        return !file && file.error().condition() == Condition::rename &&
               file.error().message().ends_with(
                   "cannot be replaced: it belongs to another user, and its "
                   "folder has the sticky bit");
    };
    CHECK(as_user(kBob, {kOthers}, [&] { return is_refused(path, false) ? 0 : 1; }) == 0);
    CHECK(as_user(kBob, {kOthers}, [&] { return is_refused(folder / "mine", true) ? 0 : 1; }) == 0);
    CHECK(save_as(kBob, {kOthers}, folder / "mine", "new") == 0);
    CHECK(save_as(kAlice, {kTeam}, path, "new") == 0);
    replace(path, "newer");  // root may
    CHECK(read_file(path) == "newer");
}

TEST_CASE("target: an immutable or append-only file is refused at the beginning") {
    if (!is_root()) return;
    const ScratchFolder folder;
    const std::string path = folder / "file";
    int wanted = FS_IMMUTABLE_FL;
    SUBCASE("immutable") {}
    SUBCASE("append-only") {
        wanted = FS_APPEND_FL;
    }
    write_file(path, "old");
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    int flags = 0;
    if (::ioctl(file, FS_IOC_GETFLAGS, &flags) != 0) {
        MESSAGE("skipped: no such attributes here");
        ::close(file);
        return;
    }
    int changed = flags | wanted;
    const bool set = ::ioctl(file, FS_IOC_SETFLAGS, &changed) == 0;
    if (set) CHECK(condition_of_create(path) == Condition::rename);
    ::ioctl(file, FS_IOC_SETFLAGS, &flags);
    ::close(file);
    if (!set) MESSAGE("skipped: may not set attributes here");
    replace(path, "new");
}
