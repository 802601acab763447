// Every interleaving of attach, detach, expiry and clean-up of up to three sessions of one identity, on the real admission,
// held against a model that says the same in a page.
#include "simulation/seeds.hpp"

#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/reconnect_grace.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t clients = 3;

struct happening {
    enum class kind : std::uint8_t { attach, detach, grace, done, overdue, late_done, lease } what;
    std::size_t who = 0; // of attach and detach
};

// What the contract says, as briefly as it can be said.
class presence_model {
public:
    [[nodiscard]] bool can(const happening& one) const
    {
        using enum happening::kind;
        switch (one.what) {
        case attach: return !waits(one.who) && (one.who == 0 || known_[one.who - 1]); // clients are alike: in order
        case detach: return attached_[one.who] || waits(one.who);
        case grace: return leaving_;
        case done:
        case overdue: return cleaning_;
        case late_done: return late_;
        case lease: return !leaving_ && !cleaning_ && dormant() != 0;
        }
        return false;
    }

    // What the hub must be told, in order.
    std::vector<std::string> happens(const happening& one)
    {
        using enum happening::kind;
        std::vector<std::string> told;
        switch (one.what) {
        case attach:
            known_[one.who] = true;
            if (cleaning_) {
                waiting_.push_back(one.who); // and only it: attach and detach never overlap
            } else {
                come(one.who, told);
            }
            break;
        case detach:
            if (waits(one.who)) {
                std::erase(waiting_, one.who);
                break;
            }
            attached_[one.who] = false;
            if (present() == 0) {
                leaving_ = true;
                told.emplace_back("leaving");
            }
            break;
        case grace:
            leaving_ = false;
            cleaning_ = true;
            told.emplace_back("absent");
            break;
        case overdue:
            late_ = true;
            told.emplace_back("overdue");
            [[fallthrough]];
        case done:
            cleaning_ = false;
            for (const auto who : std::exchange(waiting_, {})) {
                come(who, told);
            }
            break;
        case late_done: late_ = false; break;
        case lease:
            for (std::size_t i = 0; i != clients; ++i) {
                if (session_[i] && !attached_[i]) {
                    session_[i] = false;
                    told.emplace_back("end");
                }
            }
            break;
        }
        return told;
    }

    [[nodiscard]] std::size_t present() const { return count(attached_); }
    [[nodiscard]] std::size_t sessions() const { return count(session_); }
    [[nodiscard]] std::size_t dormant() const { return sessions() - present(); }
    [[nodiscard]] rejoinder::presence state() const
    {
        return leaving_         ? presence::grace
               : cleaning_      ? presence::cleaning
               : present() != 0 ? presence::present
                                : presence::absent;
    }

private:
    using flags = std::array<bool, clients>;

    static std::size_t count(const flags& all)
    {
        return static_cast<std::size_t>(std::count(all.begin(), all.end(), true));
    }
    [[nodiscard]] bool waits(std::size_t who) const
    {
        return std::find(waiting_.begin(), waiting_.end(), who) != waiting_.end();
    }

    void come(std::size_t who, std::vector<std::string>& told)
    {
        if (attached_[who]) {
            told.emplace_back("displace");
        } else if (leaving_) {
            leaving_ = false;
            told.emplace_back("returned");
        }
        told.emplace_back(session_[who] ? "resume" : "open");
        session_[who] = attached_[who] = true;
    }

    flags known_{};
    flags session_{};
    flags attached_{};
    std::vector<std::size_t> waiting_;
    bool leaving_ = false;
    bool cleaning_ = false;
    bool late_ = false; // a clean-up that was given up still runs
};

// The real thing, under the same happenings.
class real_admission {
public:
    std::vector<std::string> happens(const happening& one)
    {
        using enum happening::kind;
        switch (one.what) {
        case attach: arrive(one.who); break;
        case detach: lose(one.who); break;
        case grace: pass(options_.grace); break;
        case done: hub_.clean_up_done("me", absence_, now_); break;
        case overdue:
            overdue_ = absence_;
            pass(options_.clean_up_limit);
            break;
        case late_done: hub_.clean_up_done("me", overdue_, now_); break;
        case lease: pass(options_.lease); break;
        }
        return verdicts();
    }

    [[nodiscard]] const auto& hub() const noexcept { return hub_; }

private:
    struct client {
        std::uint64_t attempt = 0;
        connection_id connection = 0;
        session_id session = 0;
        bool has_token = false;
    };

    static digest token_of(session_id session)
    {
        digest one{};
        one[0] = static_cast<unsigned char>(session);
        one[1] = static_cast<unsigned char>(session >> 8U);
        return one;
    }

    void arrive(std::size_t who)
    {
        auto& one = clients_[who];
        one.connection = ++connections_;
        hub_.arrive({one.connection, "me", std::string(1, static_cast<char>('a' + who)), token_of(one.session),
                     ++one.attempt, one.has_token},
                    now_);
    }

    void lose(std::size_t who)
    {
        auto& one = clients_[who];
        const bool attached = carried_[who] == one.connection;
        hub_.lose(one.connection, attached ? one.session : 0, now_);
        one.connection = 0;
        carried_[who] = 0;
    }

    void pass(duration length)
    {
        now_ += length;
        hub_.advance(now_);
    }

    std::vector<std::string> verdicts()
    {
        std::vector<std::string> told;
        admission_verdict what;
        while (hub_.next(what)) {
            if (const auto* how = std::get_if<verdict_of::attach>(&what)) {
                const auto who = client_on(how->connection);
                clients_[who].session = how->session;
                clients_[who].has_token = true;
                carried_[who] = how->connection;
                if (!how->resumed) {
                    hub_.set_token(how->session, token_of(how->session));
                }
                told.emplace_back(how->resumed ? "resume" : "open");
            } else if (const auto* away = std::get_if<verdict_of::absent>(&what)) {
                absence_ = away->absence;
                told.emplace_back("absent");
            } else {
                told.emplace_back(std::holds_alternative<verdict_of::leaving>(what)    ? "leaving"
                                  : std::holds_alternative<verdict_of::returned>(what) ? "returned"
                                  : std::holds_alternative<verdict_of::overdue>(what)  ? "overdue"
                                  : std::holds_alternative<verdict_of::displace>(what) ? "displace"
                                  : std::holds_alternative<verdict_of::end>(what)      ? "end"
                                                                                       : "something else");
            }
        }
        return told;
    }

    std::size_t client_on(connection_id connection) const
    {
        for (std::size_t i = 0; i != clients; ++i) {
            if (clients_[i].connection == connection) {
                return i;
            }
        }
        FAIL("attached a connection that is gone");
        return 0;
    }

    admission_options options_{.sessions_max = 8};
    admission<> hub_{options_};
    instant now_ = instant{} + 1h;
    connection_id connections_ = 0;
    std::array<client, clients> clients_{};
    std::array<connection_id, clients> carried_{};
    std::uint64_t absence_ = 0;
    std::uint64_t overdue_ = 0;
};

std::string text_of(const std::vector<happening>& story)
{
    static constexpr std::array<std::string_view, 7> names{"attach",        "detach",           "the grace ends",
                                                           "clean-up done", "clean-up overdue", "overdue clean-up done",
                                                           "leases end"};
    std::string text;
    for (const auto& one : story) {
        text += std::string{names[static_cast<std::size_t>(one.what)]};
        text += static_cast<std::size_t>(one.what) < 2 ? " " + std::to_string(one.who + 1) + "\n" : "\n";
    }
    return text;
}

struct tally {
    std::uint64_t worlds = 0;
    std::uint64_t steps = 0;
};

// One interleaving, from the start, looked at after each step.
void replay(const std::vector<happening>& story, tally& sum)
{
    presence_model expected;
    real_admission real;
    ++sum.worlds;
    for (const auto& one : story) {
        ++sum.steps;
        const bool same = real.happens(one) == expected.happens(one);
        const auto& hub = real.hub();
        const bool timers =
            expected.state() == presence::grace || expected.state() == presence::cleaning || expected.dormant() != 0;
        if (!same || hub.presence_of("me") != expected.state() || hub.sessions() != expected.sessions() ||
            (hub.newest_attached("me") != 0) != (expected.present() != 0) ||
            (!timers && hub.next_deadline() != never)) {
            FAIL("differs in the last step but " << story.size() - static_cast<std::size_t>(&one - story.data()) - 1
                                                 << " of:\n"
                                                 << text_of(story));
        }
    }
}

void enumerate(std::vector<happening>& story, const presence_model& so_far, std::size_t left, tally& sum)
{
    if (left == 0) {
        replay(story, sum);
        return;
    }
    for (std::size_t what = 0; what != 7; ++what) {
        const auto kind = static_cast<happening::kind>(what);
        const std::size_t whos = what < 2 ? clients : 1;
        for (std::size_t who = 0; who != whos; ++who) {
            const happening one{kind, who};
            if (so_far.can(one)) {
                auto next = so_far;
                next.happens(one);
                story.push_back(one);
                enumerate(story, next, left - 1, sum);
                story.pop_back();
            }
        }
    }
}

} // namespace

TEST_CASE("contract 7: presence is right in every interleaving of three sessions of one identity")
{
    const bool whole = simulation::enumerates_all();
    const std::size_t depth = whole ? 11 : 9;
    tally sum;
    std::vector<happening> story;
    enumerate(story, {}, depth, sum);
    CHECK(sum.worlds > 100'000);
    if (whole) {
        WARN("presence: " << sum.worlds << " interleavings of " << depth << " steps, " << sum.steps << " states");
    }
}
