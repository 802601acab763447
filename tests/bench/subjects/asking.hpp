// Requests by clients: so many in flight on each of so many connections, for a window of time.
#ifndef REJOINDER_TESTS_BENCH_SUBJECTS_ASKING_HPP
#define REJOINDER_TESTS_BENCH_SUBJECTS_ASKING_HPP

#include "bench/subjects/dial.hpp"
#include "bench/support/measurement.hpp"
#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/json_text.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <asio/io_context.hpp>

#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace bench {

class asking {
public:
    explicit asking(const settings& how)
        : into_(how), in_flight_(how.in_flight()), decoded_(how.text("payload", "text") == "decoded"),
          text_(rejoinder::json_text::unchecked(payload(how.bytes()))), value_(boost::json::parse(text_.text()))
    {
        for (std::size_t i = 0; i != how.connections(); ++i) {
            clients_.push_back(dial(io_, how));
        }
        run_until(io_, [&] {
            return std::all_of(clients_.begin(), clients_.end(), [](const auto& each) { return each.connected(); });
        });
    }

    int run()
    {
        for (auto& each : clients_) {
            for (std::size_t i = 0; i != in_flight_; ++i) {
                decoded_ ? ask_decoded(each) : ask_text(each);
            }
        }
        io_.run();
        into_.print();
        return 0;
    }

private:
    void ask_text(rejoinder::client<>& by)
    {
        by.async_request("text", text_, [this, &by](std::error_code ec, const rejoinder::reply& answer) {
            expect(!ec && answer.payload().bytes.size() >= text_.text().size());
            if (goes_on()) {
                ask_text(by);
            }
        });
    }

    void ask_decoded(rejoinder::client<>& by)
    {
        by.async_request("decoded", value_, [this, &by](std::error_code ec, const rejoinder::reply& answer) {
            expect(!ec && answer.json().is_object());
            if (goes_on()) {
                ask_decoded(by);
            }
        });
    }

    bool goes_on()
    {
        if (into_.add()) {
            return true;
        }
        io_.stop();
        return false;
    }

    static void expect(bool answered)
    {
        if (!answered) {
            std::fputs("a request was not answered\n", stderr);
            std::exit(1);
        }
    }

    asio::io_context io_{1};
    measurement into_;
    std::size_t in_flight_;
    bool decoded_;
    rejoinder::json_text text_;
    rejoinder::json value_;
    std::vector<rejoinder::client<>> clients_{};
};

} // namespace bench

#endif
