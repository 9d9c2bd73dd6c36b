// A program for oracle.py: does to a StreamReader what the lines on its input say, and prints what comes of each.
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"

#include "cede/stream/stream_reader.hpp"
#include "cede/task/run.hpp"
#include "cede/task/sleep.hpp"

using namespace cede;

namespace {

struct TestError : std::exception {};

std::vector<std::string> bytes_of(std::istream& words) {
    std::vector<std::string> all;
    std::string word;
    while (words >> word) all.push_back(absl::HexStringToBytes(word));
    return all;
}

std::string outcome(const Task<std::string>& task) {
    try {
        return "ok " + absl::BytesToHexString(task.result());
    } catch (const IncompleteReadError& error) {
        return "incomplete " + absl::BytesToHexString(error.partial()) + " " +
               (error.expected() ? std::to_string(*error.expected()) : "None");
    } catch (const LimitOverrunError& error) {
        return "overrun " + std::to_string(error.consumed()) + " " + error.what();
    } catch (const std::invalid_argument& error) {
        return std::string("ValueError ") + error.what();
    } catch (const CancelledError&) {
        return "cancelled";
    } catch (const TestError&) {
        return "error";
    }
}

class Subject {
public:
    void do_line(const std::string& line) {
        std::istringstream words(line);
        std::string verb;
        words >> verb;
        if (!feed(verb, words) && !read(verb, words)) throw std::runtime_error("not understood: " + line);
        for (int i = 0; i < 10; ++i) await(sleep(Duration()));
        report();
    }

private:
    bool feed(const std::string& verb, std::istream& words) {
        if (verb == "new") {
            long limit = 0;
            words >> limit;
            task_ = Task<std::string>();
            reader_ = StreamReader(limit);
        } else if (verb == "feed") {
            for (const std::string& bytes : bytes_of(words)) reader_.feed_data(bytes);
        } else if (verb == "eof") {
            reader_.feed_eof();
        } else if (verb == "error") {
            reader_.set_exception(TestError());
        } else if (verb == "cancel") {
            if (task_) task_.cancel();
        } else {
            return false;
        }
        return true;
    }

    bool read(const std::string& verb, std::istream& words) {
        long size = 0;
        if (verb == "readline") {
            task_ = create_task(reader_.readline());
        } else if (verb == "readuntil") {
            task_ = create_task(reader_.readuntil(bytes_of(words)));
        } else if (verb == "read" && words >> size) {
            task_ = create_task(reader_.read(size));
        } else if (verb == "readexactly" && words >> size) {
            task_ = create_task(reader_.readexactly(size));
        } else {
            return false;
        }
        return true;
    }

    void report() {
        std::string text = "-";
        if (task_ && !task_.done()) text = "pending";
        if (task_ && task_.done()) {
            text = outcome(task_);
            task_ = Task<std::string>();
        }
        std::cout << text << (reader_.at_eof() ? " at_eof" : "") << "\n";
    }

    StreamReader reader_ = nullptr;
    Task<std::string> task_;
};

}  // namespace

int main() {
    run([] {
        Subject subject;
        std::string line;
        while (std::getline(std::cin, line)) subject.do_line(line);
    });
}
