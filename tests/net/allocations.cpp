// Handlers and replies allocate nothing at steady state: this program counts every operator new.
#include <rejoinder/net/handler.hpp>

#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/speaking.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/io_context.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/catch.hpp"
#include "support/counted_new.hpp"

using namespace rejoinder;

namespace {

// Only counts what it hears.
class silent_site final : public detail::call_site {
public:
    explicit silent_site(asio::io_context& io) : io_(io) {}

    asio::any_io_executor get_executor() const override { return io_.get_executor(); }
    void finish(invocation, const outcome& how) override { heard += how.code.empty() ? how.payload.bytes.size() : 1'000'000; }
    void progress(invocation, const payload_view& payload) override { heard += payload.bytes.size(); }

    std::size_t heard = 0;

private:
    asio::io_context& io_;
};

const std::string payload = R"({"a":"payload that is too long to be kept in place, as most are"})";

template <class F>
std::size_t allocated_in(F turn)
{
    for (int i = 0; i != 3; ++i) {
        turn();
    }
    const auto before = heap_allocations.load();
    for (int i = 0; i != 100; ++i) {
        turn();
    }
    return heap_allocations - before;
}

struct fixture {
    asio::io_context io;
    std::shared_ptr<silent_site> site = std::make_shared<silent_site>(io);
    peer from{identity{"42"}, 7};

    std::size_t allocated_by(const std::shared_ptr<detail::handler>& to)
    {
        const invoke asked{{1}, 0, message_kind::request, "a name that is too long to be kept in place", {payload}, "key", never};
        return allocated_in([&] { to->call(asked, site, from); });
    }
};

} // namespace

TEST_CASE("a handler that answers at once allocates nothing for text and views")
{
    fixture on;
    CHECK(on.allocated_by(detail::make_handler([](payload_view text) { return text; })) == 0);
    CHECK(on.site->heard == 103 * payload.size());
    CHECK(on.allocated_by(detail::make_handler([](const json_text& text) { return payload_view{text.text()}; })) == 0);
    CHECK(on.allocated_by(detail::make_handler([](peer, payload_view, const incoming& about) {
              about.progress(50);
              return 100;
          })) == 0);
    CHECK(on.allocated_by(detail::make_handler([] {})) == 0);
}

TEST_CASE("a responder allocates nothing, kept or not")
{
    fixture on;
    std::optional<responder> kept;
    CHECK(on.allocated_by(detail::make_handler([&](payload_view, responder later) {
              kept.emplace(std::move(later));
              kept->answer(17);
          })) == 0);
    CHECK(on.allocated_by(detail::make_handler([&](responder later) { kept.emplace(std::move(later)); })) == 0);
    CHECK(on.site->heard > 1'000'000);
}

TEST_CASE("a reply allocates nothing, nor does an error's text")
{
    std::size_t bytes = 0;
    const auto complete = [&](std::error_code ec, std::string_view text) {
        const settled<int> how{0, ec, {payload}, ec ? "a_code" : "", text};
        reply got{how, certainty_of(ec)};
        detail::make_speaking([&](std::error_code, reply taken) { bytes += taken.payload().bytes.size(); })(ec, std::move(got));
    };
    CHECK(allocated_in([&] { complete({}, {}); }) == 0);
    CHECK(allocated_in([&] { complete(make_error_code(errc::remote_error), "a text that is too long to be kept in place"); }) == 0);
    CHECK(bytes == 206 * payload.size());
}
