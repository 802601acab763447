// A snapshot as JSON: each number under its name.
#include <rejoinder/wire/snapshot_json.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <string>
#include <string_view>

#include "support/sample_snapshot.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("each counter and gauge of a snapshot stands in its JSON")
{
    const auto taken = sample_snapshot();
    const auto page = snapshot_json(taken).as_object();
    const auto& counted = page.at("counters").as_object();
    CHECK(counted.size() == counter_table.size());
    for (const auto& entry : counter_table) {
        CHECK(counted.at(entry.name).to_number<std::uint64_t>() == taken.counts.*entry.member);
    }
    const auto& measured = page.at("gauges").as_object();
    CHECK(measured.size() == gauge_table.size());
    for (const auto& entry : gauge_table) {
        CHECK(measured.at(entry.name).to_number<std::uint64_t>() == taken.now.*entry.member);
    }
    CHECK(page.at("uptime_seconds").as_double() == 90.5);
    const auto& asked = page.at("latency").at("request").as_object();
    CHECK(asked.at("count").to_number<int>() == 1000);
    CHECK(asked.at("sum_seconds").as_double() == 7.0);
    CHECK(asked.at("p50_seconds").as_double() == 0.005);
    CHECK(asked.at("p99_seconds").as_double() == 0.02);
    CHECK(asked.at("max_seconds").as_double() == 1.5);
    CHECK(page.at("latency").at("round_trip").at("p90_seconds").as_double() == 0.005);
}

TEST_CASE("the JSON of a snapshot names total_users_tracked, top_disconnects and all_reasons")
{
    const auto taken = sample_snapshot();
    const auto page = snapshot_json(taken).as_object();
    CHECK(page.at("total_users_tracked").to_number<int>() == 77);
    const auto& reasons = page.at("all_reasons").as_object();
    CHECK(reasons.size() == close_reason_count);
    CHECK(reasons.at("silent").to_number<std::uint64_t>() == taken.disconnects(close_reason::silent));
    const auto& ended = page.at("disconnects").as_object();
    CHECK(ended.at("total").to_number<std::uint64_t>() == taken.disconnects());
    CHECK(ended.at("by_code").at("1006").to_number<std::uint64_t>() == taken.disconnects(close_reason::link_lost));
    CHECK(ended.at("by_kind").at("network").to_number<std::uint64_t>() == taken.disconnects(disconnect_kind::network));
    const auto& top = page.at("top_disconnects").as_array();
    REQUIRE(top.size() == 3);
    CHECK(top[0].at("user").as_string() == "42");
    CHECK(top[0].at("count").to_number<std::uint64_t>() == taken.top_disconnects[0].count);
    CHECK(top[0].at("overcount").to_number<int>() == 1);
    CHECK(top[0].at("reasons").as_object().size() == 1);
    CHECK(top[0].at("reasons").at("silent").to_number<std::uint64_t>() == taken.top_disconnects[0].count - 1);
    CHECK(top[0].at("last_seconds_ago").as_double() == 2.0);
}

TEST_CASE("a snapshot's text is JSON whatever its users are called")
{
    const auto text = boost::json::serialize(snapshot_json(sample_snapshot()));
    const auto back = boost::json::parse(text); // throws for what is no UTF-8
    CHECK(back.at("top_disconnects").at(1).at("user").as_string() == "quote\" back\\slash\nline");
    CHECK(back.at("top_disconnects").at(2).at("user").as_string() == "\xEF\xBF\xBD\xC3\xA9");
}
