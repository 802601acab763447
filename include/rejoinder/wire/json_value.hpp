// The JSON value that programs hand over and are handed: Boost.JSON's, under a short name.
#ifndef REJOINDER_WIRE_JSON_VALUE_HPP
#define REJOINDER_WIRE_JSON_VALUE_HPP

#include <boost/json/value.hpp>

namespace rejoinder::inline v0 {

/// A JSON document. Construct objects as `json{{"key", value}, ...}`.
using json = boost::json::value;

} // namespace rejoinder::inline v0

#endif
