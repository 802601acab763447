// What sessions cost a server that have been used once and do nothing.
#ifndef REJOINDER_TESTS_BENCH_SUBJECTS_IDLING_HPP
#define REJOINDER_TESTS_BENCH_SUBJECTS_IDLING_HPP

#include "bench/subjects/dial.hpp"
#include "bench/support/payload.hpp"
#include "bench/support/process.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"

#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/json_text.hpp>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <system_error>
#include <vector>

namespace bench {

class idling {
public:
    explicit idling(const settings& how)
        : how_(how), server_(how.number("watch", 0)), text_(rejoinder::json_text::unchecked(payload(how.bytes())))
    {}

    int run()
    {
        come(warm_up); // what the first ones cost is the process's
        const auto before = settled_kib();
        come(how_.connections());
        report all;
        all.add("server_kib", (settled_kib() - before) / static_cast<double>(how_.connections()));
        all.print();
        return 0;
    }

private:
    static constexpr std::size_t warm_up = 200;

    // One after the other, as clients do that have nothing to do with each other.
    void come(std::size_t many)
    {
        for (std::size_t i = 0; i != many; ++i) {
            clients_.push_back(dial(io_, how_));
            auto& last = clients_.back();
            bool answered = false;
            last.async_request("text", text_, [&](std::error_code ec, const rejoinder::reply&) { answered = !ec; });
            run_until(io_, [&] { return answered; });
        }
    }

    double settled_kib()
    {
        asio::steady_timer pause{io_, std::chrono::milliseconds{300}};
        bool over = false;
        pause.async_wait([&](std::error_code) { over = true; });
        run_until(io_, [&] { return over; });
        return server_.resident_kib();
    }

    const settings& how_;
    process server_;
    rejoinder::json_text text_;
    asio::io_context io_{1};
    std::vector<rejoinder::client<>> clients_{};
};

} // namespace bench

#endif
