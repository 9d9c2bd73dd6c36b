// A server on several cores: a LoopGroup has an event loop in each of its threads, start_server listens on all of them, and
// the system spreads the clients. Each client is served from beginning to end by one loop, so what belongs to a loop (here its
// count) needs no lock; what belongs to all is asked of the loops, one after the other, by submit().
//
//   loop_group          tries itself out: clients come until every loop has served some
//   loop_group PORT     serves there until Ctrl-C, on all cores; try `echo hi | nc -N localhost PORT`, several times
#include <cstdlib>
#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <cede/cede.hpp>

using cede::await;

namespace {

// What one loop knows of its clients. Only that loop touches it.
struct Tally {
    int clients = 0;
    int lines = 0;
};

class Shop {
public:
    explicit Shop(cede::LoopGroup& group) : group_(group), tallies_(group.size()) {}

    // A client's conversation, as a task of the loop that has accepted it.
    void serve(cede::StreamReader reader, cede::StreamWriter writer) {
        const std::size_t here = *group_.current();
        Tally& mine = tallies_[here];
        ++mine.clients;
        for (const std::string& line : reader) {
            ++mine.lines;
            writer.write("loop " + std::to_string(here) + ": " + line);
            await(writer.drain());
        }
        writer.close();
    }

    // Asked in a task of any loop: each loop is asked for its own.
    std::vector<Tally> tallies() {
        std::vector<Tally> all;
        for (std::size_t i = 0; i < group_.size(); ++i) {
            all.push_back(await(group_.submit(i, [this, i] { return tallies_[i]; })));
        }
        return all;
    }

private:
    cede::LoopGroup& group_;
    std::vector<Tally> tallies_;
};

// Sends two lines, and tells which loop has answered: the same one twice.
std::string visit(int port) {
    const auto streams = await(cede::open_connection("127.0.0.1", port));
    const cede::StreamReader& reader = streams.first;
    const cede::StreamWriter& writer = streams.second;
    writer.write("one\n");
    const std::string first = await(reader.readline());
    writer.write("two\n");
    const std::string second = await(reader.readline());
    writer.close();
    await(writer.wait_closed());
    const std::string loop = first.substr(0, first.find(':'));
    if (first != loop + ": one\n" || second != loop + ": two\n") std::cout << "unexpected: " << first << second;
    return loop;
}

void try_out(Shop& shop, int port, std::size_t loops) {
    std::set<std::string> seen;
    int clients = 0;
    for (; clients < 1000 && (seen.size() < loops || clients < 50); ++clients) {
        const std::string loop = visit(port);
        if (seen.insert(loop).second) std::cerr << "client " << clients << " was the first of " << loop << "\n";
    }
    for (const std::string& loop : seen) std::cout << "served by " << loop << "\n";

    int served = 0, lines = 0;
    for (const Tally& each : shop.tallies()) {
        std::cerr << each.clients << " clients, " << each.lines << " lines\n";
        served += each.clients;
        lines += each.lines;
    }
    std::cout << (served == clients && lines == 2 * clients ? "every client was served by one loop, none was lost\n"
                                                            : "the tallies do not match\n");
}

}  // namespace

int main(int argc, char** argv) try {
    const bool trial = argc < 2;
    // The main thread has a loop of its own, for what there is one of: here Ctrl-C, and the trial's clients.
    cede::run([&] {
        cede::with(cede::LoopGroup(trial ? 4 : 0), [&](cede::LoopGroup& group) {
            // Shared with the tasks of the clients, which end only with the group.
            const auto shop = std::make_shared<Shop>(group);
            const auto callback = [shop](cede::StreamReader reader, cede::StreamWriter writer) { shop->serve(reader, writer); };
            const std::string host = trial ? "127.0.0.1" : "";
            const auto server = await(cede::start_server(group, callback, host, trial ? 0 : std::atoi(argv[1])));
            std::cerr << group.size() << " loops serve port " << server.port() << "\n";
            if (!trial) return await(server.serve_forever());

            try_out(*shop, server.port(), group.size());

            // An error there is an error here, and the loop goes on.
            try {
                await(group.submit(2, []() -> int { throw std::domain_error("no such thing in this shop"); }));
            } catch (const std::domain_error& error) {
                std::cout << "from loop 2: " << error.what() << "\n";
            }
            server.close();
            await(server.wait_closed());
        });  // cancels what is left in every loop, and waits for it
        std::cout << "closed\n";
    });
} catch (const cede::KeyboardInterrupt&) { return 130; }
