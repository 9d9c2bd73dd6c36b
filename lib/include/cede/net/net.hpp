// What it is: everything of the net room. When to use it: in a program of transports and protocols that does not include
// cede/cede.hpp. When not: where one class is enough; each has its own header.
#ifndef CEDE_NET_NET_HPP
#define CEDE_NET_NET_HPP

#include "cede/net/address_info.hpp"
#include "cede/net/command_line.hpp"
#include "cede/net/connection_options.hpp"
#include "cede/net/datagram_options.hpp"
#include "cede/net/group_server.hpp"
#include "cede/net/loop_templates.hpp"
#include "cede/net/pipe.hpp"
#include "cede/net/protocol.hpp"
#include "cede/net/sendfile.hpp"
#include "cede/net/server.hpp"
#include "cede/net/server_options.hpp"
#include "cede/net/socket.hpp"
#include "cede/net/socket_address.hpp"
#include "cede/net/ssl.hpp"
#include "cede/net/ssl_options.hpp"
#include "cede/net/subprocess_options.hpp"
#include "cede/net/transport.hpp"

#endif
