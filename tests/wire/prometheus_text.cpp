// Pages for Prometheus, read by a parser that forgives nothing.
#include <rejoinder/wire/prometheus_text.hpp>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/sample_snapshot.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

struct read_sample {
    std::string name;
    std::map<std::string, std::string> labels;
    double value = 0;
};

struct read_family {
    std::string name;
    std::string type;
    std::string help;
    std::vector<read_sample> samples;
};

// The text format 0.0.4 as a strict reader has it: a family is HELP, TYPE and its samples, in this order and once.
class strict_reader {
public:
    explicit strict_reader(std::string_view page, bool open_metrics = false) : rest_(page), open_(open_metrics)
    {
        if (page.empty() || page.back() != '\n') {
            fail("the page does not end with a newline");
        }
        while (!rest_.empty() && !ended_) {
            line();
        }
        if (open_ != ended_ || !rest_.empty()) {
            fail("EOF stands where it should not, or not where it should");
        }
        finish_family();
    }

    [[nodiscard]] const std::vector<read_family>& families() const { return families_; }

    [[nodiscard]] const read_family& family(std::string_view name) const
    {
        for (const auto& one : families_) {
            if (one.name == name) {
                return one;
            }
        }
        throw std::out_of_range{std::string{name}};
    }

    [[nodiscard]] double value(std::string_view family_name, std::string_view sample,
                               const std::map<std::string, std::string>& labels = {}) const
    {
        for (const auto& one : family(family_name).samples) {
            if (one.name == sample && one.labels == labels) {
                return one.value;
            }
        }
        throw std::out_of_range{std::string{sample}};
    }

private:
    [[noreturn]] static void fail(const std::string& why) { throw std::runtime_error{why}; }

    std::string_view take_until(char end)
    {
        const auto at = rest_.find(end);
        if (at == std::string_view::npos) {
            fail(std::string{"missing: "} + end);
        }
        const auto taken = rest_.substr(0, at);
        rest_.remove_prefix(at + 1);
        return taken;
    }

    void line()
    {
        if (rest_.starts_with("# HELP ")) {
            rest_.remove_prefix(7);
            help();
        } else if (rest_.starts_with("# TYPE ")) {
            rest_.remove_prefix(7);
            type();
        } else if (open_ && rest_ == "# EOF\n") {
            rest_ = {};
            ended_ = true;
        } else if (rest_.starts_with("#") || rest_.starts_with("\n")) {
            fail("a line that says nothing");
        } else {
            sample();
        }
    }

    void help()
    {
        finish_family();
        const std::string name{take_until(' ')};
        check_name(name, true);
        if (!seen_.insert(name).second) {
            fail("a family twice: " + name);
        }
        const auto text = take_until('\n');
        if (text.empty() || text.find('\\') != std::string_view::npos) {
            fail("no words for " + name);
        }
        current_ = read_family{name, {}, std::string{text}, {}};
        open_family_ = true;
    }

    void type()
    {
        const std::string name{take_until(' ')};
        const std::string type{take_until('\n')};
        if (!open_family_ || current_.name != name || !current_.type.empty() || !current_.samples.empty()) {
            fail("TYPE out of place: " + name);
        }
        if (type != "counter" && type != "gauge" && type != "summary") {
            fail("no type: " + type);
        }
        if (type == "counter" && name.ends_with("_total") == open_) {
            fail("the counter's name does not fit the format: " + name);
        }
        current_.type = type;
    }

    void sample()
    {
        read_sample one;
        const auto end = rest_.find_first_of(" {");
        one.name = rest_.substr(0, end);
        check_name(one.name, true);
        if (!open_family_ || current_.type.empty() || !belongs(one.name)) {
            fail("a sample outside of its family: " + one.name);
        }
        rest_.remove_prefix(end);
        if (rest_.front() == '{') {
            rest_.remove_prefix(1);
            labels(one);
        }
        if (rest_.front() != ' ') {
            fail("no blank before the value of " + one.name);
        }
        rest_.remove_prefix(1);
        const std::string value{take_until('\n')};
        char* stopped = nullptr;
        one.value = std::strtod(value.c_str(), &stopped);
        if (value.empty() || *stopped != '\0' || std::isspace(static_cast<unsigned char>(value.front())) != 0) {
            fail("no number: " + value);
        }
        if (current_.type == "counter" && one.value < 0) {
            fail("a counter below zero");
        }
        if (!samples_.insert({one.name, one.labels}).second) {
            fail("a sample twice: " + one.name);
        }
        current_.samples.push_back(std::move(one));
    }

    [[nodiscard]] bool belongs(std::string_view name) const
    {
        const std::string& of = current_.name;
        if (current_.type == "counter") {
            return name == (open_ ? of + "_total" : of);
        }
        return name == of || (current_.type == "summary" && (name == of + "_sum" || name == of + "_count"));
    }

    void labels(read_sample& one)
    {
        for (;;) {
            const std::string name{take_until('=')};
            check_name(name, false);
            if (rest_.empty() || rest_.front() != '"') {
                fail("a label without quotes");
            }
            rest_.remove_prefix(1);
            if (!one.labels.emplace(name, quoted()).second) {
                fail("a label twice: " + name);
            }
            const char next = rest_.empty() ? '\n' : rest_.front();
            rest_.remove_prefix(1);
            if (next == '}') {
                break;
            }
            if (next != ',') {
                fail("neither comma nor brace behind a label");
            }
        }
        const bool quantile = one.labels.count("quantile") != 0;
        if (current_.type == "summary" && quantile != (one.name == current_.name)) {
            fail("a quantile out of place");
        }
    }

    std::string quoted()
    {
        std::string text;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') {
                return text;
            }
            if (c == '\n') {
                fail("a newline in a label");
            }
            if (c != '\\') {
                text.push_back(c);
                continue;
            }
            const char escaped = rest_.empty() ? '\0' : rest_.front();
            rest_.remove_prefix(1);
            if (escaped != 'n' && escaped != '\\' && escaped != '"') {
                fail("an escape that there is not");
            }
            text.push_back(escaped == 'n' ? '\n' : escaped);
        }
        fail("a label without end");
    }

    static void check_name(std::string_view name, bool colons)
    {
        if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
            fail("no name: " + std::string{name});
        }
        for (const char c : name) {
            if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && !(colons && c == ':')) {
                fail("no name: " + std::string{name});
            }
        }
    }

    void finish_family()
    {
        if (std::exchange(open_family_, false)) {
            if (current_.type.empty()) {
                fail("no TYPE for " + current_.name);
            }
            families_.push_back(std::move(current_));
        }
    }

    std::string_view rest_;
    bool open_ = false;
    bool ended_ = false;
    bool open_family_ = false;
    read_family current_;
    std::vector<read_family> families_;
    std::set<std::string> seen_;
    std::set<std::pair<std::string, std::map<std::string, std::string>>> samples_;
};

} // namespace

TEST_CASE("the strict reader refuses what a page must not be")
{
    const std::string head = "# HELP a_total Words.\n# TYPE a_total counter\n";
    CHECK_NOTHROW(strict_reader{head + "a_total 1\n"});
    for (const std::string body : {"a_total 1", "a_total  1\n", "a_total one\n", "a_total -1\n", "a 1\n", "a_total{} 1\n", "a_total{x=\"1\",} 1\n",
                                   "a_total{x=\"1\",x=\"2\"} 1\n", "a_total{x=\"\\t\"} 1\n", "a_total{x=\"\n\"} 1\n", "a_total{1x=\"\"} 1\n",
                                   "a_total 1\na_total 2\n", "\n", "# EOF\n", "a_total 1\n# TYPE a_total counter\n"}) {
        CAPTURE(body);
        CHECK_THROWS(strict_reader{head + body});
    }
    CHECK_THROWS(strict_reader{"a_total 1\n"});
    CHECK_THROWS(strict_reader{"# TYPE a gauge\na 1\n"});
    CHECK_THROWS(strict_reader{"# HELP a Words.\na 1\n"});
    CHECK_THROWS(strict_reader{head + head});
    CHECK_THROWS(strict_reader{"# HELP a Words.\n# TYPE a summary\na 1\n# HELP b Words.\n# TYPE b counter\nb 1\n"});
}

TEST_CASE("a page for Prometheus satisfies a strict reader, and each number stands in it")
{
    const auto taken = sample_snapshot();
    const auto text = prometheus_text(taken);
    const strict_reader page{text};
    for (const auto& entry : counter_table) {
        const auto name = "rejoinder_" + std::string{entry.name} + "_total";
        CHECK(page.family(name).type == "counter");
        CHECK(page.value(name, name) == static_cast<double>(taken.counts.*entry.member));
    }
    for (const auto& entry : gauge_table) {
        const auto name = "rejoinder_" + std::string{entry.name};
        CHECK(page.family(name).type == "gauge");
        CHECK(page.value(name, name) == static_cast<double>(taken.now.*entry.member));
    }
    for (const auto& one : page.families()) {
        CHECK(one.name.starts_with("rejoinder_"));
        CHECK_FALSE(one.samples.empty());
    }
    CHECK(page.value("rejoinder_uptime_seconds", "rejoinder_uptime_seconds") == 90.5);
    CHECK(prometheus_text(taken) == text); // its order is always the same
}

TEST_CASE("latencies are summaries with quantiles, sum and count")
{
    const auto text = prometheus_text(sample_snapshot());
    const strict_reader page{text};
    const std::string name = "rejoinder_request_latency_seconds";
    const auto& all = page.family(name);
    CHECK(all.type == "summary");
    CHECK(all.samples.size() == 6);
    CHECK(page.value(name, name, {{"quantile", "0.5"}}) == 0.005);
    CHECK(page.value(name, name, {{"quantile", "0.9"}}) == 0.009);
    CHECK(page.value(name, name, {{"quantile", "0.99"}}) == 0.02);
    CHECK(page.value(name, name, {{"quantile", "1"}}) == 1.5);
    CHECK(page.value(name, name + "_sum") == 7.0);
    CHECK(page.value(name, name + "_count") == 1000);
    CHECK(page.value("rejoinder_round_trip_seconds", "rejoinder_round_trip_seconds_count") == 3);
}

TEST_CASE("disconnects are counted by reason, code and kind, and the users with most by their names, whatever these are")
{
    const auto taken = sample_snapshot();
    const auto text = prometheus_text(taken);
    const strict_reader page{text};
    const std::string name = "rejoinder_disconnects_total";
    CHECK(page.family(name).samples.size() == close_reason_count);
    CHECK(page.value(name, name, {{"reason", "link_lost"}, {"code", "1006"}, {"kind", "network"}}) ==
          static_cast<double>(taken.disconnects(close_reason::link_lost)));
    const std::string users = "rejoinder_user_disconnects";
    CHECK(page.value(users, users, {{"user", "42"}}) == static_cast<double>(taken.top_disconnects[0].count));
    CHECK(page.value(users, users, {{"user", "quote\" back\\slash\nline"}}) == static_cast<double>(taken.top_disconnects[1].count));
    CHECK(page.value(users, users, {{"user", "\xEF\xBF\xBD\xC3\xA9"}}) == static_cast<double>(taken.top_disconnects[2].count));

    auto alike = taken;
    alike.top_disconnects[0].user = "\xFE\xC3\xA9"; // the same as the last one, once it is UTF-8
    const auto one_of_them = prometheus_text(alike);
    CHECK(strict_reader{one_of_them}.family(users).samples.size() == 2);
}

TEST_CASE("a program's own labels stand on each sample")
{
    const auto text = prometheus_text(sample_snapshot(), {.labels = {{"instance", "relay \"1\""}, {"zone", "eu"}}});
    const strict_reader page{text};
    for (const auto& family : page.families()) {
        for (const auto& one : family.samples) {
            CHECK(one.labels.at("instance") == "relay \"1\"");
            CHECK(one.labels.at("zone") == "eu");
        }
    }
}

TEST_CASE("as OpenMetrics a page names counters without their suffix, and ends with EOF")
{
    const prometheus_options options{.format = prometheus_format::open_metrics};
    const auto text = prometheus_text(sample_snapshot(), options);
    const strict_reader page{text, true};
    CHECK(page.family("rejoinder_requests_sent").type == "counter");
    CHECK(page.value("rejoinder_requests_sent", "rejoinder_requests_sent_total") == 100);
    CHECK(content_type_of(options.format) == "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(content_type_of(prometheus_format::text_0_0_4) == "text/plain; version=0.0.4; charset=utf-8");
    CHECK_THROWS(strict_reader{prometheus_text(snapshot{}), true});
}

TEST_CASE("the page of a hub that has done nothing is whole, too")
{
    const auto text = prometheus_text(snapshot{});
    const strict_reader page{text};
    CHECK(page.value("rejoinder_requests_sent_total", "rejoinder_requests_sent_total") == 0);
}
