// Error codes: kinds, certainties, names and texts.
#include <rejoinder/core/error.hpp>

#include <set>
#include <string>
#include <system_error>

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

// Its codes are all of one kind.
class category_of_another_floor final : public std::error_category {
public:
    const char* name() const noexcept override { return "floor"; }
    std::string message(int) const override { return "a fault"; }
    std::error_condition default_error_condition(int) const noexcept override { return make_error_condition(errc::untrusted); }
};

const std::error_category& of_another_floor()
{
    static const category_of_another_floor made;
    return made;
}

constexpr int last_kind = static_cast<int>(errc::untrusted);
constexpr std::array certainties{certainty::maybe_executed, certainty::never_sent, certainty::not_executed,
                                 certainty::acknowledged};

} // namespace

TEST_CASE("every kind comes back from its name, and has a text of its own")
{
    std::set<std::string> names;
    std::set<std::string> texts;
    for (int value = 1; value <= last_kind; ++value) {
        const auto kind = static_cast<errc>(value);
        CHECK(errc_named(name_of(kind)) == kind);
        CHECK(names.insert(std::string{name_of(kind)}).second);
        CHECK(texts.insert(make_error_code(kind).message()).second);
        CHECK(!make_error_code(kind).message().empty());
    }
    CHECK(static_cast<std::size_t>(last_kind) == detail::errc_table.size());
}

TEST_CASE("a name that is not ours is an error of the application")
{
    STATIC_REQUIRE(errc_named("out_of_stock") == errc::remote_error);
    STATIC_REQUIRE(errc_named("") == errc::remote_error);
}

TEST_CASE("a code carries its kind and its certainty, whichever they are")
{
    for (int value = 1; value <= last_kind; ++value) {
        const auto kind = static_cast<errc>(value);
        for (const auto sure : certainties) {
            const auto ec = make_error_code(kind, sure);
            CHECK(ec);
            CHECK(ec == kind);
            CHECK(kind_of(ec) == kind);
            CHECK(certainty_of(ec) == sure);
            CHECK(ec.category() == rejoinder_category());
        }
    }
}

TEST_CASE("a code compares by kind, not by certainty, and unlike other kinds")
{
    const auto ec = make_error_code(errc::timed_out, certainty::never_sent);
    CHECK(ec == errc::timed_out);
    CHECK(ec != errc::busy);
    CHECK(ec != make_error_code(errc::timed_out)); // two codes compare wholly
    CHECK(make_error_code(errc::timed_out, certainty::maybe_executed) == make_error_code(errc::timed_out));
    CHECK(std::make_error_code(std::errc::timed_out) != errc::timed_out);
    CHECK(std::error_code{} != errc::timed_out);
    CHECK(std::error_code{static_cast<int>(errc::timed_out), std::generic_category()} != errc::timed_out);
}

TEST_CASE("each kind has the certainty that its meaning gives it")
{
    CHECK(certainty_of(make_error_code(errc::queue_full)) == certainty::never_sent);
    CHECK(certainty_of(make_error_code(errc::auth_refused)) == certainty::never_sent);
    CHECK(certainty_of(make_error_code(errc::no_handler)) == certainty::not_executed);
    CHECK(certainty_of(make_error_code(errc::bad_payload)) == certainty::not_executed);
    CHECK(certainty_of(make_error_code(errc::handler_error)) == certainty::acknowledged);
    CHECK(certainty_of(make_error_code(errc::answer_lost)) == certainty::acknowledged);
    CHECK(certainty_of(make_error_code(errc::timed_out)) == certainty::maybe_executed);
    CHECK(certainty_of(make_error_code(errc::cancelled)) == certainty::maybe_executed);
}

TEST_CASE("a foreign code may mean anything, unless its category says of which kind it is")
{
    CHECK(certainty_of(std::make_error_code(std::errc::connection_reset)) == certainty::maybe_executed);
    CHECK(certainty_of({}) == certainty::maybe_executed);
    CHECK(!kind_of(std::make_error_code(std::errc::connection_reset)));
    CHECK(!kind_of(std::error_code{}));

    const std::error_code known{7, of_another_floor()};
    CHECK(kind_of(known) == errc::untrusted);
    CHECK(known == errc::untrusted);
    CHECK(certainty_of(known) == certainty::maybe_executed);
}

TEST_CASE("values that are no kind are unknown, not undefined")
{
    for (const int value : {0, last_kind + 1, 1 << 16, -1}) {
        const std::error_code ec{value, rejoinder_category()};
        CHECK(!kind_of(ec));
        CHECK(ec.message() == "unknown error");
    }
}

TEST_CASE("a text says when nothing was sent, unless the kind says so itself")
{
    CHECK(make_error_code(errc::timed_out).message() == "the deadline passed before an answer came");
    CHECK(make_error_code(errc::timed_out, certainty::never_sent).message() ==
          "the deadline passed before an answer came (it was never sent)");
    CHECK(make_error_code(errc::queue_full).message() == "too many messages are waiting already");
    CHECK(std::string{rejoinder_category().name()} == "rejoinder");
}

TEST_CASE("each certainty has its name")
{
    STATIC_REQUIRE(name_of(certainty::maybe_executed) == "maybe_executed");
    STATIC_REQUIRE(name_of(certainty::never_sent) == "never_sent");
    STATIC_REQUIRE(name_of(certainty::not_executed) == "not_executed");
    STATIC_REQUIRE(name_of(certainty::acknowledged) == "acknowledged");
}
