// What it is: everything of the stream room. When to use it: in a program of streams that does not include cede/cede.hpp.
// When not: where one class is enough; each has its own header.
#ifndef CEDE_STREAM_STREAMS_HPP
#define CEDE_STREAM_STREAMS_HPP

#include "cede/stream/errors.hpp"
#include "cede/stream/flow_control.hpp"
#include "cede/stream/open_connection.hpp"
#include "cede/stream/process.hpp"
#include "cede/stream/start_server.hpp"
#include "cede/stream/stream_reader.hpp"
#include "cede/stream/stream_reader_protocol.hpp"
#include "cede/stream/stream_writer.hpp"

#endif
