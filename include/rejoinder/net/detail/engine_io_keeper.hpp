// Who keeps an Engine.IO server's sessions, as a session sees it.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_KEEPER_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_KEEPER_HPP

#include <rejoinder/channel/engine_io_pipe.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>

namespace rejoinder::inline v0::detail {

class engine_io_session;

/// Of what a session's channel is given: a payload is a message and its type.
inline engine_io_pipe_bounds bounds_of(const engine_io_server_options& options)
{
    return {options.terms.max_payload - std::min<std::size_t>(1, options.terms.max_payload), options.queued_bytes_max,
            options.queued_messages_max};
}

/// Who keeps the sessions and the one timer.
class engine_io_keeper {
public:
    /// Calls `advance` when the session's next deadline has come.
    virtual void schedule(engine_io_session& one) = 0;
    /// Forgets it, which may destroy it.
    virtual void forget(engine_io_session& one) = 0;
    virtual engine_io_server_counts& counts() = 0;
    [[nodiscard]] virtual const std::shared_ptr<const engine_io_server_options>& options() const = 0;

protected:
    ~engine_io_keeper() = default;
};

} // namespace rejoinder::inline v0::detail

#endif
