// A small DNS client: three names are asked for at once over one socket, and each answer finds the question it belongs to.
//
// The name server is in this very program, so that the example needs no network: it knows two names, and answers only when all
// three questions are there, the last one first. `dns_query SERVER NAME [PORT]` asks a real one.
#include <cede/cede.hpp>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using cede::await;

// Messages are (RFC 1035): an id, flags and four counts, each of two bytes; then the question: the name as "3www7example0",
// its type (1: an address) and its class (1); in an answer then two bytes that point at the name, type, class, four bytes of
// time to live, the length of the data, and the data.
std::string two(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
unsigned two_at(absl::string_view data, std::size_t at) {
    if (at + 2 > data.size()) throw std::runtime_error("a message that is too short");
    return static_cast<unsigned char>(data[at]) << 8 | static_cast<unsigned char>(data[at + 1]);
}

std::string question(unsigned id, const std::string& name) {
    std::string message = two(id) + two(0x0100) + two(1) + two(0) + two(0) + two(0);
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t end = std::min(name.find('.', begin), name.size());
        message += static_cast<char>(end - begin) + name.substr(begin, end - begin);
        begin = end + 1;
    }
    return message + '\0' + two(1) + two(1);
}

std::size_t end_of_question(absl::string_view message) { return message.find('\0', 12) + 5; }

// The first address in a reply; throws when it says that there is none.
std::string address_in(absl::string_view reply) {
    if ((two_at(reply, 2) & 15) == 3) throw std::runtime_error("no such name");
    std::size_t at = end_of_question(reply);
    for (unsigned left = two_at(reply, 6); left > 0; --left) {
        const unsigned type = two_at(reply, at + 2), length = two_at(reply, at + 10);
        at += 12;
        if (type == 1 && length == 4) {
            const unsigned high = two_at(reply, at), low = two_at(reply, at + 2);
            return std::to_string(high >> 8) + '.' + std::to_string(high & 255) + '.' + std::to_string(low >> 8) + '.' +
                   std::to_string(low & 255);
        }
        at += length;  // an alias, whose address follows
    }
    throw std::runtime_error("no address");
}

class Resolver : public cede::DatagramProtocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> made) override {
        transport_ = cede::as<cede::DatagramTransport>(made);
    }
    void datagram_received(absl::string_view reply, const cede::SocketAddress&) override {
        const auto waiting = waiting_.find(two_at(reply, 0));
        if (waiting != waiting_.end() && !waiting->second.done()) waiting->second.set_result(std::string(reply));
    }
    void error_received(std::exception_ptr error) override {
        for (const auto& each : waiting_) {
            if (!each.second.done()) each.second.set_exception(error);
        }
    }

    cede::Coroutine<std::string> query(std::string name) {
        return [=] {
            const unsigned id = next_id_++ & 0xffff;  // a real resolver takes random ones
            struct Entry {
                std::map<unsigned, cede::Future<std::string>>& in;
                const unsigned id;
                ~Entry() { in.erase(id); }
            } const entry{waiting_, id};
            const cede::Future<std::string> reply = waiting_[id];
            transport_->sendto(question(id, name));
            return address_in(cede::timeout(10s, [&] { return await(reply); }));
        };
    }

private:
    std::shared_ptr<cede::DatagramTransport> transport_;
    std::map<unsigned, cede::Future<std::string>> waiting_;
    unsigned next_id_ = 1;
};

class NameServer : public cede::DatagramProtocol {
public:
    void connection_made(std::shared_ptr<cede::BaseTransport> made) override {
        transport_ = cede::as<cede::DatagramTransport>(made);
    }
    void datagram_received(absl::string_view query, const cede::SocketAddress& from) override {
        queries_.insert(queries_.begin(), std::string(query));
        if (queries_.size() < 3) return;
        for (std::string& reply : queries_) {
            const auto known = addresses_.find(reply.substr(12, end_of_question(reply) - 12));
            const bool found = known != addresses_.end();
            reply.replace(2, 2, two(found ? 0x8180 : 0x8183));
            if (found) reply.replace(6, 2, two(1)) += two(0xc00c) + two(1) + two(1) + two(0) + two(60) + two(4) + known->second;
            transport_->sendto(reply, from);
        }
    }

private:
    const std::map<std::string, std::string> addresses_ = {
        {question(0, "www.example.org").substr(12), two(192 << 8) + two(2 << 8 | 1)},
        {question(0, "cede.example").substr(12), two(192 << 8) + two(2 << 8 | 2)}};
    std::vector<std::string> queries_;
    std::shared_ptr<cede::DatagramTransport> transport_;
};

int main(int count, char** arguments) {
    cede::run([&] {
        cede::EventLoop& loop = cede::get_running_loop();
        const cede::Port port = count == 4 ? cede::Port(std::string(arguments[3])) : 53;
        auto server = cede::DatagramOptions().remote_addr(count >= 3 ? arguments[1] : "127.0.0.1", port);
        std::vector<std::string> names = {"www.example.org", "nobody.example", "cede.example"};
        if (count >= 3) {
            names = {arguments[2]};
        } else {
            const auto own = await(loop.create_datagram_endpoint([] { return std::make_shared<NameServer>(); },
                                                                 cede::DatagramOptions().local_addr("127.0.0.1", 0)));
            server.remote_addr(absl::any_cast<cede::SocketAddress>(own.first->get_extra_info("sockname")));
        }
        const auto resolver = std::make_shared<Resolver>();
        await(loop.create_datagram_endpoint([&] { return resolver; }, server));
        std::vector<cede::Task<std::string>> queries;
        for (const std::string& name : names) queries.push_back(cede::create_task(resolver->query(name)));
        for (std::size_t i = 0; i < names.size(); ++i) {
            try {
                const std::string address = await(queries[i]);
                std::cout << names[i] << ": " << address << "\n";
            } catch (const std::exception& error) {
                std::cout << names[i] << ": " << error.what() << "\n";
            }
        }
    });
}
