// What it is: a web server on loopback with a few hundred pages, each of its own size and with a delay of its own. When to
// use it: to have something to fetch without a network.
#ifndef FETCH_DEMO_SERVER_HPP
#define FETCH_DEMO_SERVER_HPP

#include <string>
#include <vector>

#include <cede/coroutine/coroutine.hpp>
#include <cede/net/server.hpp>

namespace fetch {

// Serves on a free port until it is closed, or its loop is.
cede::Coroutine<cede::Server> start_demo_server();
// The URLs of its pages.
std::vector<std::string> demo_urls(const cede::Server& server);

}  // namespace fetch

#endif
