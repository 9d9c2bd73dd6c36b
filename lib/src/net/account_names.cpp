#include "net/account_names.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <grp.h>
#include <pwd.h>

#include "net/system.hpp"

namespace cede {
namespace detail {
namespace {

// `get` is getpwnam_r or getgrnam_r, which say by ERANGE that they need more room; `id` the member that is asked for.
template <class Entry, class Id>
id_t look_up(int (*get)(const char*, Entry*, char*, std::size_t, Entry**), Id Entry::*id, const std::string& name,
             const char* what) {
    Entry entry;
    Entry* found = nullptr;
    std::vector<char> room(1024);
    int error;
    while ((error = get(name.c_str(), &entry, room.data(), room.size(), &found)) == ERANGE || error == EINTR) {
        if (error == ERANGE) room.resize(room.size() * 2);
    }
    if (found != nullptr) return entry.*id;
    // "Not found" is told by any of these.
    if (error != 0 && error != ENOENT && error != ESRCH && error != EBADF && error != EPERM) {
        throw os_error(error, std::string(what) + ": '" + name + "' cannot be looked up");
    }
    throw std::invalid_argument(std::string(what) + ": this system does not know '" + name + "'");
}

id_t checked(id_t id, const char* what) {
    if (id == static_cast<id_t>(-1)) throw std::invalid_argument(std::string(what) + ": -1 stands for nobody");
    return id;
}

}  // namespace

uid_t user_id(const subprocess::Id& user, const char* what) {
    const std::string* const name = absl::get_if<std::string>(&user);
    return checked(name != nullptr ? look_up(&::getpwnam_r, &passwd::pw_uid, *name, what) : absl::get<id_t>(user), what);
}

gid_t group_id(const subprocess::Id& group, const char* what) {
    const std::string* const name = absl::get_if<std::string>(&group);
    return checked(name != nullptr ? look_up(&::getgrnam_r, &::group::gr_gid, *name, what) : absl::get<id_t>(group), what);
}

}  // namespace detail
}  // namespace cede
