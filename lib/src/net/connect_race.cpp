#include "net/connect_race.hpp"

#include <algorithm>

#include "cede/task/await.hpp"
#include "cede/task/task.hpp"

namespace cede {
namespace detail {
namespace {

// What callbacks tell the race; shared with them, because a cancelled attempt ends after the race.
struct Progress {
    Future<void> happened = nullptr;
    bool next_is_due = true;

    void tell() {
        if (happened && !happened.done()) happened.set_result();
    }
};

class Race {
public:
    Race(EventLoop& loop, std::size_t count, Duration delay, std::function<Socket(std::size_t)> connect)
        : loop_(loop), count_(count), delay_(delay), connect_(std::move(connect)) {}
    ~Race() {
        timer_.cancel();
        for (const Task<Socket>& attempt : running_) {
            attempt.cancel();
            attempt.core()->silence();
        }
    }
    Race(const Race&) = delete;
    Race& operator=(const Race&) = delete;

    Socket run(std::vector<std::exception_ptr>& errors) {
        while (started_ < count_ || !running_.empty()) {
            if (started_ < count_ && (progress_->next_is_due || running_.empty())) start_next();
            progress_->happened = Future<void>(loop_);
            await(progress_->happened);
            for (std::size_t i = 0; i < running_.size();) {
                const Task<Socket> attempt = running_[i];
                if (!attempt.done()) {
                    ++i;
                    continue;
                }
                running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
                std::exception_ptr error = attempt.core()->outcome();
                if (!error) return attempt.take(true);
                errors.push_back(std::move(error));
                progress_->next_is_due = true;
            }
        }
        return Socket();
    }

private:
    void start_next() {
        const std::shared_ptr<Progress> progress = progress_;
        progress->next_is_due = false;
        running_.push_back(loop_.create_task([connect = connect_, index = started_] { return connect(index); }));
        ++started_;
        running_.back().add_done_callback([progress] { progress->tell(); });
        timer_.cancel();
        if (started_ == count_) return;
        timer_ = loop_.call_later(delay_, [progress] {
            progress->next_is_due = true;
            progress->tell();
        });
    }

    EventLoop& loop_;
    const std::size_t count_;
    const Duration delay_;
    const std::function<Socket(std::size_t)> connect_;
    const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
    std::vector<Task<Socket>> running_;
    std::size_t started_ = 0;
    TimerHandle timer_;
};

}  // namespace

Socket connect_race(EventLoop& loop, std::size_t count, Duration delay, std::function<Socket(std::size_t)> connect,
                    std::vector<std::exception_ptr>& errors) {
    return Race(loop, count, delay, std::move(connect)).run(errors);
}

std::vector<AddressInfo> interleave_families(std::vector<AddressInfo> addresses, std::size_t first) {
    std::vector<std::vector<AddressInfo>> families;
    for (AddressInfo& address : addresses) {
        const auto same = [&](const std::vector<AddressInfo>& family) { return family.front().family == address.family; };
        auto found = std::find_if(families.begin(), families.end(), same);
        if (found == families.end()) found = families.insert(found, std::vector<AddressInfo>());
        found->push_back(std::move(address));
    }
    std::vector<AddressInfo> result;
    std::vector<std::size_t> taken(families.size());
    const auto take = [&](std::size_t family) {
        if (taken[family] < families[family].size()) result.push_back(families[family][taken[family]++]);
    };
    for (std::size_t i = 1; i < first; ++i) take(0);
    while (result.size() < addresses.size()) {
        for (std::size_t family = 0; family < families.size(); ++family) take(family);
    }
    return result;
}

}  // namespace detail
}  // namespace cede
