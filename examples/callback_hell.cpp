// 004, "Callback Hell and Why async Syntax Exists": three nested callbacks, then the same as straight code.
//
// The old interface stays as it is. await_callback() gives each of its calls a callback that ends the await.
#include <cede/cede.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using cede::await;

// The old interface: it returns at once, and calls back when the answer is there.
using Callback = std::function<void(std::string)>;
void answer_later(std::string answer, Callback callback) {
    cede::get_running_loop().call_later(10ms, [=] { callback(answer); });
}
void get_user(int id, Callback callback) { answer_later("user " + std::to_string(id), callback); }
void get_profile(std::string user, Callback callback) { answer_later("the profile of " + user, callback); }
void get_picture(std::string profile, Callback callback) { answer_later("the picture in " + profile, callback); }

// Nested: the rest of the work moves into the callback, and so does the rest of that.
void handle_user_nested(int id, Callback callback) {
    get_user(id, [=](std::string user) {
        get_profile(user, [=](std::string profile) {
            get_picture(profile, [=](std::string picture) { callback(user + ": " + picture); });
        });
    });
}

// Straight: a plain function, since a fiber can wait at any depth.
using Done = cede::Completion<std::string>;
std::string handle_user(int id) {
    const auto user = cede::await_callback<std::string>([&](Done done) { get_user(id, done); });
    const auto profile = cede::await_callback<std::string>([&](Done done) { get_profile(user, done); });
    const auto picture = cede::await_callback<std::string>([&](Done done) { get_picture(profile, done); });
    return user + ": " + picture;
}

int main() {
    cede::run([] {
        const cede::Future<void> finished;
        handle_user_nested(1, [=](std::string result) {
            std::cout << "nested:   " << result << "\n";
            finished.set_result();
        });
        await(finished);

        std::cout << "straight: " << handle_user(1) << "\n";
    });
}
