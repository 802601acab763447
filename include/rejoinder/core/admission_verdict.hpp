// What a hub's admission is asked and what it decides, as values.
#ifndef REJOINDER_CORE_ADMISSION_VERDICT_HPP
#define REJOINDER_CORE_ADMISSION_VERDICT_HPP

#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>

#include <cstdint>
#include <string>
#include <variant>

namespace rejoinder::inline v0 {

/// A hub's number for a connection, increasing and never reused; 0 is none.
using connection_id = std::uint64_t;
/// A hub's number for a session, never reused; 0 is none.
using session_id = message_id;

/// A client that has said hello and has been authenticated.
struct candidate {
    connection_id connection = 0;
    std::string identity;
    std::string incarnation;
    digest token{}; ///< of the token to resume with
    std::uint64_t attempt = 1;
    bool resumes = false; ///< whether there was a token
    bool lasting = true;  ///< whether its wire can resume; without that its session ends with its link
    bool marks = false;   ///< whether its wire has marks: its session is then kept for the grace alone
};

/// Whose token that is.
struct token_holder {
    session_id session = 0; ///< that it resumes; 0: none
    std::string identity{};
    std::string incarnation{};
};

/// What an admission decides, as values; the hub does it.
namespace verdict_of {

/// This connection carries that session from now on: welcome it.
struct attach {
    connection_id connection = 0;
    session_id session = 0;
    bool resumed = false; ///< false: a new session, for which the hub makes a token and calls `set_token`
};
/// No session for this connection: tell it why, and close.
struct deny {
    connection_id connection = 0;
    errc why = errc::refused;
};
/// Close this connection: its session is attached elsewhere.
struct displace {
    connection_id connection = 0;
};
/// Ask this session's link for a sign of life.
struct probe {
    session_id session = 0;
};
/// This connection gave no sign of life, and its place is wanted: drop it, then say `lose`.
struct silence {
    connection_id connection = 0;
};
/// This connection gives its place to a newer one: say `lose`, and close it as replaced.
struct give_way {
    connection_id connection = 0;
};
/// This session is over: settle what is pending, forget it.
struct end {
    session_id session = 0;
};
/// The identity lost its last link; the grace begins.
struct leaving {
    std::string identity;
};
/// The identity is back within the grace: nothing happened.
struct returned {
    std::string identity;
};
/// The grace is over: run the clean-up, then call `clean_up_done` with the same number.
struct absent {
    std::string identity;
    std::uint64_t absence = 0;
};
/// A clean-up takes longer than its limit: those who waited for it go on.
struct overdue {
    std::string identity;
};

} // namespace verdict_of

using admission_verdict =
    std::variant<std::monostate, verdict_of::attach, verdict_of::deny, verdict_of::displace, verdict_of::probe,
                 verdict_of::silence, verdict_of::give_way, verdict_of::end, verdict_of::leaving, verdict_of::returned,
                 verdict_of::absent, verdict_of::overdue>;

} // namespace rejoinder::inline v0

#endif
