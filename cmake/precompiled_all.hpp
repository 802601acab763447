// What the tests above core include most, compiled once.
#include "precompiled_core.hpp"

#include <asio.hpp>
#include <boost/json.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
