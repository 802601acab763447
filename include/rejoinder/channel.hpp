// The door of floor channel: what carries whole frames over sockets. Made by single_include/generate.sh.
#ifndef REJOINDER_CHANNEL_HPP
#define REJOINDER_CHANNEL_HPP

#include <rejoinder/channel/async_stream.hpp>
#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/connector.hpp>
#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/memory.hpp>
#include <rejoinder/channel/recycled_memory.hpp>
#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/tcp_options.hpp>
#include <rejoinder/channel/tune.hpp>
#include <rejoinder/channel/unix_connector.hpp>
#include <rejoinder/version.hpp>

#endif
