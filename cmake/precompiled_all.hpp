// What the tests above core include most, compiled once.
#include "precompiled_core.hpp"

#include <asio.hpp>
#include <boost/json.hpp>

#include <rejoinder/rejoinder.hpp>

#include "support/house.hpp"
