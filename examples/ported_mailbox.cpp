// A callback library, ported step by step: errors by code, a C function with its `void*`, and a request that can be called
// off. The old program and the new one run side by side and print the same.
//
// 1. The library stays as it is. 2. Each of its calls gets one wrapper of a few lines, with await_callback(). 3. Whatever
// was nested behind a callback becomes the next line; error codes become exceptions, and calling off becomes cancel().
#include <cede/cede.hpp>

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

// --- The library: ten years old, and nobody wants to touch it. ---
namespace mailbox {

using OnLogin = void (*)(int error, int session, void* user);  // its oldest function has a C interface
using OnList = std::function<void(std::error_code, std::vector<int>)>;
using OnText = std::function<void(std::error_code, std::string)>;

// Its own timers came from somebody else's loop; here they come from cede's, as they would in a port.
cede::TimerHandle later(std::chrono::milliseconds delay, std::function<void()> f) {
    return cede::get_running_loop().call_later(delay, std::move(f));
}

void login(const char* name, OnLogin done, void* user) {
    const bool known = std::string(name) == "ada";
    later(5ms, [=] { done(known ? 0 : EACCES, known ? 7 : -1, user); });
}
void list(int /*session*/, OnList done) {
    later(5ms, [=] { done(std::error_code(), {1, 2}); });
}
std::map<int, std::pair<cede::TimerHandle, OnText>> requests;
int fetch(int /*session*/, int mail, OnText done) {
    const cede::TimerHandle answer = later(mail == 2 ? 1h : 5ms, [=] { done({}, "mail " + std::to_string(mail)); });
    requests[mail] = {answer, done};
    return mail;
}
void call_off(int request) {
    requests[request].first.cancel();
    std::cout << "  (the library stops request " << request << ")\n";
    requests[request].second(std::make_error_code(std::errc::operation_canceled), "");
}

}  // namespace mailbox

// --- Before: three levels, each with its own error path, and a timer to give up. ---
namespace before {

struct Reading {
    std::function<void(std::string)> finished;
    std::string text;
};

void read_next(const std::shared_ptr<Reading>& reading, int session, std::vector<int> mails, std::size_t index) {
    if (index == mails.size()) return reading->finished(reading->text);
    const auto patience = std::make_shared<cede::TimerHandle>();
    const int request = mailbox::fetch(session, mails[index], [=](std::error_code error, std::string text) {
        patience->cancel();
        reading->text += (reading->text.empty() ? "" : "; ") + (error ? "given up" : text);
        read_next(reading, session, mails, index + 1);
    });
    *patience = mailbox::later(50ms, [=] { mailbox::call_off(request); });
}

void read_all(const char* name, std::function<void(std::string)> finished) {
    auto* reading = new std::shared_ptr<Reading>(new Reading{std::move(finished), ""});
    mailbox::login(name, [](int error, int session, void* user) {
        const std::shared_ptr<Reading> mine = *static_cast<std::shared_ptr<Reading>*>(user);
        delete static_cast<std::shared_ptr<Reading>*>(user);
        if (error != 0) return mine->finished(std::system_category().message(error));
        mailbox::list(session, [=](std::error_code bad, std::vector<int> mails) {
            if (bad) return mine->finished(bad.message());
            read_next(mine, session, std::move(mails), 0);
        });
    }, reading);
}

}  // namespace before

// --- After: the wrappers, one a function of the library ... ---
namespace after {

int login(const std::string& name) {
    return cede::await_callback<int>([&](cede::Completion<int> done) {
        mailbox::login(name.c_str(), [](int error, int session, void* user) {
            const auto waiting = cede::Completion<int>::from(user);
            error != 0 ? waiting.fail(std::error_code(error, std::system_category())) : waiting(session);
        }, done.user_data());
    });
}
std::vector<int> list(int session) {
    return cede::await_callback<std::vector<int>>([&](cede::Completion<std::vector<int>> done) {
        mailbox::list(session, [=](std::error_code error, std::vector<int> mails) { error ? done.fail(error) : done(mails); });
    });
}
std::string fetch(int session, int mail) {
    return cede::await_callback<std::string>([&](cede::Completion<std::string> done) {
        const int request = mailbox::fetch(session, mail, [=](std::error_code error, std::string text) {
            error ? done.fail(error) : done(text);
        });
        done.on_cancel([request] { mailbox::call_off(request); });
    });
}

// --- ... and the program, as it would have been written if nothing had to be waited for. ---
std::string read_all(const std::string& name) try {
    const int session = login(name);
    std::string all;
    for (const int mail : list(session)) {
        std::string text = "given up";
        try {
            text = cede::await(cede::wait_for([=] { return fetch(session, mail); }, 50ms));
        } catch (const cede::TimeoutError&) {
        }
        all += (all.empty() ? "" : "; ") + text;
    }
    return all;
} catch (const std::system_error& error) {
    return error.code().message();
}

}  // namespace after

int main() {
    cede::run([] {
        for (const char* name : {"ada", "eve"}) {
            const cede::Future<std::string> finished;
            before::read_all(name, [=](std::string text) { finished.set_result(std::move(text)); });
            std::cout << name << ", before: " << cede::await(finished) << "\n";
            std::cout << name << ", after:  " << after::read_all(name) << "\n";
        }
    });
}
