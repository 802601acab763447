// What a caller may say about one question to many.
#ifndef REJOINDER_NET_ASK_ALL_OPTIONS_HPP
#define REJOINDER_NET_ASK_ALL_OPTIONS_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/instant.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace rejoinder::inline v0 {

/// What a caller may say about one question to many. Trivially destructible, as `call_options` is, and for the same reason.
struct ask_all_options {
    duration timeout = duration::zero(); ///< of the whole; zero: the session's default for the name
    /// Answers that decide the call, and without which it fails; 0: it waits for all, and any number will do.
    std::size_t quorum = 0;
    std::size_t first = 0; ///< answers after which nobody waits for more; fewer are no error; 0: it waits for all
    repeatable repeat = repeatable::no;
    absent when_absent = absent::fail; ///< `wait`: who is in the room but has no link may come back in time
    full when_full = full::fail;
    std::string_view key{}; ///< as of `call_options`; borrowed during the call only

    /// What each peer is asked with.
    [[nodiscard]] call_options each() const noexcept
    {
        call_options how;
        how.timeout = timeout;
        how.repeat = repeat;
        how.when_absent = when_absent;
        how.when_full = when_full;
        how.key = key;
        return how;
    }
};

static_assert(std::is_trivially_destructible_v<ask_all_options>);

} // namespace rejoinder::inline v0

#endif
