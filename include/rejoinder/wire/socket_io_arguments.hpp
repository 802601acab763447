// How the arguments of a Socket.IO event, which are several and may hold binary data, and a payload are each other.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_ARGUMENTS_HPP
#define REJOINDER_WIRE_SOCKET_IO_ARGUMENTS_HPP

#include <cstdint>

namespace rejoinder::inline v0 {

/// How the arguments of an event or ack and a payload of this library, which is one JSON value or one piece of binary
/// data, are each other.
///
/// | arguments | payload, `alone` | payload, `listed` |
/// | --- | --- | --- |
/// | none | none | `[]` |
/// | `a` | `a` | `[a]` |
/// | `a, b` | `[a,b]`, which is sent as one argument | `[a,b]` |
/// | one attachment | binary: its bytes | `[{"_base64":"..."}]` |
/// | values that hold attachments | the values with `{"_base64":"..."}` in each one's place | the same |
///
/// A handler so finds the bytes of an attachment where they stand among the other data, and what it answers or sends may hold
/// such objects (one member, strict base64), which go out as attachments. They stay as they are, as text, if they
/// are more than a peer takes, or if the text itself has the word by which the protocol marks an attachment's place.
/// A binary payload always is one attachment.
enum class socket_io_arguments : std::uint8_t {
    alone,  ///< a payload is the only argument: for handlers that take what is sent
    listed, ///< a payload is an array, the arguments: for events of several, whose number matters
};

} // namespace rejoinder::inline v0

#endif
