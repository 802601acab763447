// Tests of the verdict on a lost link, and of a client's status.
#include <rejoinder/core/link_verdict.hpp>

#include <rejoinder/core/client_status.hpp>

#include <system_error>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("link verdict: each error is one of them, and foreign ones say that something is down")
{
    CHECK(verdict_on({}) == link_verdict::none);
    CHECK(verdict_on(make_error_code(errc::auth_refused)) == link_verdict::refused);
    CHECK(verdict_on(make_error_code(errc::incompatible)) == link_verdict::incompatible);
    CHECK(verdict_on(make_error_code(errc::bad_message)) == link_verdict::garbled);
    CHECK(verdict_on(make_error_code(errc::replaced)) == link_verdict::replaced);
    CHECK(verdict_on(make_error_code(errc::too_big)) == link_verdict::oversized);
    CHECK(verdict_on(make_error_code(errc::untrusted)) == link_verdict::untrusted);
    CHECK(verdict_on(make_error_code(errc::handshake_timed_out)) == link_verdict::down);
    CHECK(verdict_on(make_error_code(errc::busy)) == link_verdict::down);
    CHECK(verdict_on(std::make_error_code(std::errc::connection_refused)) == link_verdict::down);
}

TEST_CASE("link verdict: what is final is not doubtful, and what is down is neither")
{
    for (unsigned i = 0; i != 9; ++i) {
        const auto one = static_cast<link_verdict>(i);
        CHECK_FALSE((is_final(one) && is_doubtful(one)));
        CHECK_FALSE(name_of(one).empty());
    }
    CHECK_FALSE(is_final(link_verdict::down));
    CHECK_FALSE(is_doubtful(link_verdict::down));
    CHECK_FALSE(is_final(link_verdict::unresolvable));
}

TEST_CASE("client status: between two attempts a link is disconnected")
{
    CHECK(standing_of(link_state::waiting) == standing::disconnected);
    CHECK(standing_of(link_state::connected) == standing::connected);
    CHECK(standing_of(link_state::failed) == standing::failed);
    CHECK(name_of(standing::polling) == "polling");
}
