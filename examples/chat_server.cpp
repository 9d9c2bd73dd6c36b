// A chat server: names, rooms, a task for each client. Who reads more slowly than the others talk is dropped: what waits for
// one client is bounded, so a few that stand still cannot eat up the memory of the server.
//
// Without arguments three clients of its own try it out; with a port it serves for good: try it with `nc localhost 8888`.
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include <cede/cede.hpp>

using cede::StreamReader;
using cede::StreamWriter;
using cede::await;

namespace {
constexpr std::size_t most_waiting = 256 * 1024;  // bytes for one client

std::string line_of(const StreamReader& reader) {
    std::string line = await(reader.readline());
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
    return line;
}

struct Member {
    StreamWriter writer;
    std::string room;
};

class Chat {
public:
    void serve(const StreamReader& reader, const StreamWriter& writer) {
        tell(writer, "your name?");
        const std::string name = line_of(reader);
        if (name.empty() || !members_.emplace(name, Member{writer, "hall"}).second) {
            tell(writer, "taken, or no name");
            return writer.close();
        }
        // Whatever ends the client's task, a cancellation for instance, its place is given back.
        struct Leaves {
            Chat& chat;
            const std::string& name;
            ~Leaves() {
                chat.tell_others(name, "* " + name + " leaves");
                chat.members_.at(name).writer.close();
                chat.members_.erase(name);
            }
        } leaves{*this, name};
        try {
            arrive(name);
            while (obey(name, line_of(reader), reader)) continue;
        } catch (const std::exception&) {}  // the connection was lost, or the client dropped: the end, too
    }

private:
    // False ends the conversation.
    bool obey(const std::string& name, const std::string& line, const StreamReader& reader) {
        Member& member = members_.at(name);
        if (line == "/quit" || (line.empty() && reader.at_eof())) return false;
        if (line == "/who") {
            std::string all = "in " + member.room + ":";
            for (const auto& each : members_) all += each.second.room == member.room ? " " + each.first : "";
            tell(member.writer, all);
        } else if (line.compare(0, 6, "/join ") == 0) {
            tell_others(name, "* " + name + " goes to " + line.substr(6));
            member.room = line.substr(6);
            arrive(name);
        } else {
            tell_others(name, name + ": " + line);
        }
        return true;
    }

    void arrive(const std::string& name) {
        tell(members_.at(name).writer, "you are in " + members_.at(name).room);
        tell_others(name, "* " + name + " is here");
    }

    void tell_others(const std::string& name, const std::string& line) {
        for (const auto& each : members_) {
            if (each.first != name && each.second.room == members_.at(name).room) tell(each.second.writer, line);
        }
    }

    // Never waits: a drain() here would let the slowest member set the pace of the room.
    static void tell(const StreamWriter& writer, const std::string& line) {
        if (writer.is_closing()) return;
        writer.writelines({line, "\n"});
        const auto transport = writer.transport();
        if (transport->get_write_buffer_size() > most_waiting) transport->abort();  // its reader then finds the end
    }

    std::map<std::string, Member> members_;
};

// A client of the trial, which says on the screen what it hears.
struct Client {
    Client(std::string own, int port) : name(std::move(own)), streams(await(cede::open_connection("127.0.0.1", port))) {
        line_of(streams.first);  // "your name?"
        say(name);
        hear();
    }
    ~Client() { streams.second.close(); }
    void say(const std::string& line) const {
        streams.second.writelines({line, "\n"});
        await(streams.second.drain());
    }
    void hear() const {
        const std::string line = line_of(streams.first);
        std::cout << name << " hears: " << (line.empty() ? "the end" : line) << "\n";
    }
    const std::string name;
    const std::pair<StreamReader, StreamWriter> streams;
};

void try_out(int port) {
    const Client ann("ann", port), bob("bob", port);
    ann.hear();  // bob is here
    ann.say("hello");
    bob.hear();
    bob.say("/who");
    bob.hear();
    bob.say("/join garden");
    ann.hear();
    bob.hear();
    const Client sam("sam", port);  // who never reads again
    ann.hear();
    auto talk = cede::create_task([&] { for (;;) ann.say(std::string(10000, 'x')); });
    ann.hear();  // sam leaves
    talk.cancel();
    await(cede::wait({talk}));
    ann.say("/quit");
    ann.hear();
}

}  // namespace

int main(int argc, char** argv) try {
    cede::run([=] {
        const auto chat = std::make_shared<Chat>();  // the tasks of clients may outlive this one
        const auto serve = [=](StreamReader reader, StreamWriter writer) { chat->serve(reader, writer); };
        const auto server = await(cede::start_server(serve, "127.0.0.1", argc > 1 ? std::atoi(argv[1]) : 0));
        if (argc > 1) return await(server.serve_forever());
        try_out(server.sockets().front().local_address().port());
        server.close();
        await(server.wait_closed());
    });
} catch (const cede::KeyboardInterrupt&) { return 130; }
