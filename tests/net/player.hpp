// What it is: one end of a connection on which a message goes to and fro, for tests of what a message costs.
#ifndef CEDE_TESTS_NET_PLAYER_HPP
#define CEDE_TESTS_NET_PLAYER_HPP

#include "net/fixtures.hpp"

namespace cede {
namespace tests {

// Sends the message again each time it has come back, until `left` are through.
struct Player : Protocol {
    void connection_made(std::shared_ptr<BaseTransport> made) override { transport = as<Transport>(made); }
    void data_received(absl::string_view bytes) override {
        if (left-- > 0) {
            transport->write(bytes);
        } else if (!done.done()) {
            done.set_result();
        }
    }
    std::shared_ptr<Transport> transport;
    int left = 0;
    Future<void> done = nullptr;
};

inline void play(Player& player, int messages) {
    player.left = messages;
    player.done = Future<void>();
    player.transport->write("a message of some forty bytes or so, say");
    await(player.done);
}

}  // namespace tests
}  // namespace cede

#endif
