#include "cede/selectors/base_selector.hpp"

#include <stdexcept>
#include <string>
#include <utility>

#include "cede/base/exceptions.hpp"

#include "selectors/registrations.hpp"

namespace cede {
namespace selectors {

namespace {

void check_events(const char* call, EventMask events) {
    if (events != 0 && (events & ~(EVENT_READ | EVENT_WRITE)) == 0) return;
    throw std::invalid_argument(std::string(call) + ": events must be EVENT_READ, EVENT_WRITE or both, not " +
                                std::to_string(events) + "; to stop watching an fd call unregister()");
}

// The registered key, or the exception that stands for Python's KeyError.
SelectorKey& find_or_throw(const char* call, const detail::Registrations& registrations, int fd) {
    SelectorKey* key = registrations.find(fd);
    if (key != nullptr) return *key;
    throw std::out_of_range(std::string(call) + ": fd " + std::to_string(fd) +
                            " is not registered; call register_() first, or ask get_map().contains()");
}

}  // namespace

BaseSelector::BaseSelector() : registrations_(std::make_shared<detail::Registrations>()) {}

BaseSelector::~BaseSelector() { registrations_->close(); }

void BaseSelector::on_register(int, EventMask) {}
void BaseSelector::on_modify(int, EventMask, EventMask) {}
void BaseSelector::on_unregister(int, EventMask) noexcept {}
void BaseSelector::on_close() noexcept {}
void BaseSelector::forget(int) noexcept {}

void BaseSelector::check_open(const char* call) const {
    if (!registrations_->closed()) return;
    throw RuntimeError(std::string(call) + ": the selector is closed; make a new one, or close it later");
}

EventMask BaseSelector::registered_events(int fd) const noexcept {
    const SelectorKey* key = registrations_->find(fd);
    return key != nullptr ? key->events : 0;
}

SelectorKey BaseSelector::register_(int fd, EventMask events) { return insert(SelectorKey(fd, events)); }

SelectorKey BaseSelector::register_(int fd, EventMask events, absl::any data) {
    return insert(SelectorKey(fd, events, std::move(data)));
}

SelectorKey BaseSelector::modify(int fd, EventMask events) { return replace(SelectorKey(fd, events)); }

SelectorKey BaseSelector::modify(int fd, EventMask events, absl::any data) {
    return replace(SelectorKey(fd, events, std::move(data)));
}

SelectorKey BaseSelector::insert(SelectorKey key) {
    check_open("register_");
    check_events("register_", key.events);
    if (key.fd < 0) {
        throw std::invalid_argument("register_: " + std::to_string(key.fd) +
                                    " is not a file descriptor; was the socket closed before?");
    }
    if (registrations_->find(key.fd) != nullptr) {
        throw std::out_of_range("register_: fd " + std::to_string(key.fd) +
                                " is already registered; call modify() to change its events or data");
    }
    // The books first, because they may run out of memory; undoing them cannot fail.
    registrations_->insert(key);
    try {
        on_register(key.fd, key.events);
    } catch (...) {
        registrations_->take(*registrations_->find(key.fd));
        throw;
    }
    return key;
}

SelectorKey BaseSelector::replace(SelectorKey key) {
    check_open("modify");
    check_events("modify", key.events);
    SelectorKey& registered = find_or_throw("modify", *registrations_, key.fd);
    if (registered.events != key.events) {
        try {
            on_modify(key.fd, registered.events, key.events);
        } catch (...) {
            on_unregister(key.fd, registered.events);
            registrations_->take(registered);
            throw;
        }
    }
    // Swapped, not assigned: the old data may have a destructor that comes back here.
    SelectorKey old = std::exchange(registered, key);
    return key;
}

SelectorKey BaseSelector::unregister(int fd) {
    check_open("unregister");
    SelectorKey key = registrations_->take(find_or_throw("unregister", *registrations_, fd));
    on_unregister(fd, key.events);
    return key;
}

std::vector<std::pair<SelectorKey, EventMask>> BaseSelector::select(absl::optional<Duration> timeout) {
    struct All {
        std::size_t& most;
        const std::size_t before;
        ~All() { most = before; }
    } const all{most_at_once_, std::exchange(most_at_once_, static_cast<std::size_t>(-1))};
    select_ready(timeout, ready_);
    std::vector<std::pair<SelectorKey, EventMask>> result;
    result.reserve(ready_.size());
    for (const ReadyFd& ready : ready_) {
        const SelectorKey* key = registrations_->find(ready.fd);
        const EventMask events = key != nullptr ? ready.events & key->events : 0;
        if (events != 0) result.emplace_back(*key, events);
    }
    return result;
}

SelectorKey BaseSelector::get_key(int fd) const {
    check_open("get_key");
    return find_or_throw("get_key", *registrations_, fd);
}

void BaseSelector::close() noexcept {
    if (registrations_->closed()) return;
    on_close();
    registrations_->close();
}

}  // namespace selectors
}  // namespace cede
