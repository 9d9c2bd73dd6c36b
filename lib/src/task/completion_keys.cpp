#include "task/completion_keys.hpp"

#include <pthread.h>

#include <unordered_map>

#include "cede/base/reports.hpp"

namespace cede {
namespace detail {
namespace {

struct Keys {
    std::mutex mutex;
    std::unordered_map<std::uintptr_t, CompletionHandle> known;
    std::uintptr_t last = 0;
};

// Never destroyed: a thread of a C library may come back while the process ends. Locked over a fork(): the child has only
// the thread that forked, and would wait for ever for a lock that another one held.
Keys& keys() {
    static Keys* const all = [] {
        auto* const made = new Keys();
        pthread_atfork([] { keys().mutex.lock(); }, [] { keys().mutex.unlock(); }, [] { keys().mutex.unlock(); });
        return made;
    }();
    return *all;
}

}  // namespace

std::uintptr_t remember_completion(CompletionHandle handle) {
    Keys& all = keys();
    std::lock_guard<std::mutex> lock(all.mutex);
    while (++all.last == 0 || all.known.count(all.last) != 0) {
    }
    all.known.emplace(all.last, std::move(handle));
    return all.last;
}

void forget_completion(std::uintptr_t key) noexcept {
    Keys& all = keys();
    CompletionHandle forgotten;  // dies outside the lock
    std::lock_guard<std::mutex> lock(all.mutex);
    const auto found = all.known.find(key);
    if (found == all.known.end()) return;
    forgotten = std::move(found->second);
    all.known.erase(found);
}

CompletionHandle find_completion(std::uintptr_t key, const std::type_info& type) {
    Keys& all = keys();
    CompletionHandle handle;
    {
        std::lock_guard<std::mutex> lock(all.mutex);
        const auto found = all.known.find(key);
        if (found == all.known.end()) return handle;
        handle = found->second;
    }
    if (handle.core()->type() == type) return handle;
    warn("Completion<" + demangle(type.name()) + ">::from() was given the user data of a Completion<" +
         demangle(handle.core()->type().name()) + ">: the call is ignored");
    return CompletionHandle();
}

}  // namespace detail
}  // namespace cede
