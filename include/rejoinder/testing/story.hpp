// What happened in a simulated world, line by line, for whoever has to understand why it failed.
#ifndef REJOINDER_TESTING_STORY_HPP
#define REJOINDER_TESTING_STORY_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::testing {

/// Whether a story is written down: only of runs that somebody will read.
enum class telling : std::uint8_t { silent, aloud };

/// A witness that writes down what it sees, and holds each question against the first promise: exactly one completion.
///
/// Derive from it to hold a world against more; call the base's functions for their lines.
class story : public witness {
public:
    explicit story(telling how) noexcept : tells_(how == telling::aloud) {}

    /// Whose time the lines begin with. Before anything happens.
    void set_clock(instant start, const virtual_clock& clock) noexcept
    {
        start_ = start;
        clock_ = &clock;
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }
    /// The first promise that was broken; empty: none.
    [[nodiscard]] const std::string& breach() const noexcept { return breach_; }

    /// A line: the parts one after the other, texts and numbers.
    template <class... Parts>
    void note(const Parts&... parts)
    {
        if (tells_ && breach_.empty()) {
            const auto at = clock_ == nullptr ? duration{} : clock_->now() - start_;
            const auto tenths = std::chrono::duration_cast<std::chrono::microseconds>(at).count() / 100;
            const auto number = std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
            if (const auto beats = std::exchange(beats_, 0); beats != 0) {
                text_.append("           (").append(std::to_string(beats)).append(" pings and pongs)\n");
            }
            text_.append(std::max<std::size_t>(number.size(), 9) - number.size(), ' ').append(number).append(" ms  ");
            (add(parts), ...);
            text_ += '\n';
        }
    }

    /// A promise that must hold. `about` is what was being looked at, in parts as in `note`.
    template <class... Parts>
    void expect(bool holds, std::string_view promise, const Parts&... about)
    {
        if (!holds && breach_.empty()) {
            const auto before = std::exchange(text_, {});
            (add(about), ...);
            const auto what = std::string{promise} + ": " + text_;
            text_ = before;
            note("BREACH of ", what);
            breach_ = what;
        }
    }

    void sent(std::string_view peer, connection_id on, const message& what) override
    {
        if (what.kind == message_kind::ping || what.kind == message_kind::pong) {
            ++beats_; // told as a number: a calm world says little else
        } else if (tells_) {
            note(peer, " -> ", on, "  ", spell(what));
        }
    }
    void heard(std::string_view peer, connection_id on, const message& what) override
    {
        if (tells_ && what.kind != message_kind::ping && what.kind != message_kind::pong) {
            note(peer, " <- ", on, "  ", spell(what));
        }
    }
    void attached(std::string_view peer, connection_id on) override { note(peer, " is attached to connection ", on); }
    void detached(std::string_view peer, connection_id on) override { note(peer, " has left connection ", on); }
    void started(std::string_view peer, const invoke& run) override
    {
        note(peer, " runs ", run.name, " ", run.payload.bytes, ", run ", run.call.number);
    }
    void stopped(std::string_view peer, invocation run) override { note(peer, " is to stop run ", run.number); }
    void ended(std::string_view peer, invocation run) override { note(peer, " has ended run ", run.number); }
    void asked(std::string_view peer, message_kind kind, const question_ptr& what) override
    {
        note(peer, kind == message_kind::request ? " asks " : " delivers ", what->name, " ", what->payload);
        open_.push_back({std::string{peer}, what});
    }
    void settled(std::string_view peer, const question_ptr& what) override
    {
        note(peer, " is told of ", what->name, " ", what->payload, ": ",
             what->error ? what->error.message() + ", " + std::string{name_of(certainty_of(what->error))}
                         : what->answer);
        expect(what->completions == 1, "exactly one completion", what->name, " ", what->payload);
    }
    void kept(std::string_view client, const kept_message& what) override
    {
        note(client, " has stored ", what.name, " ", what.payload, " as ", what.sequence);
    }
    void gone(std::string_view client, const kept_message& what) override
    {
        note(client, " is rid of ", what.name, " ", what.sequence, ": ",
             what.error ? what.error.message() + ", " + std::string{name_of(certainty_of(what.error))} : "arrived");
    }
    void died(std::string_view peer) override
    {
        note(peer, " dies");
        std::erase_if(open_, [&](const auto& one) {
            return one.first == peer || (peer == "hub" && one.first.starts_with("hub"));
        });
    }
    void cleaned_up(std::string_view identity) override { note("the clean-up after ", identity, " is done"); }
    void decided(const admission_verdict& what) override
    {
        if (tells_) {
            std::visit([this](const auto& one) { this->tell(one); }, what);
        }
    }

    /// All has had its time: whoever lives was told of everything.
    void at_rest()
    {
        for (const auto& [who, what] : open_) {
            expect(what->completions == 1, "exactly one completion", what->name, " ", what->payload, " of ", who,
                   " had ", what->completions);
        }
    }

private:
    template <class Part>
    void add(const Part& part)
    {
        if constexpr (std::is_arithmetic_v<Part>) {
            text_ += std::to_string(part);
        } else {
            text_ += part;
        }
    }

    static std::string spell(const message& what)
    {
        static constexpr std::string_view names[] = {"hello",        "welcome",  "ready",  "refusal",  "bye",
                                                     "request",      "reply",    "error",  "delivery", "ack",
                                                     "notification", "progress", "cancel", "ping",     "pong"};
        std::string text{names[static_cast<std::size_t>(what.kind)]};
        if (what.id != 0) {
            text += " " + std::to_string(what.id);
        }
        if (what.stamp) {
            text += " (sequence " + std::to_string(what.stamp.sequence) + ")";
        }
        text.append(" ").append(what.name).append(" ").append(what.payload.bytes.substr(0, 40));
        std::replace_if(text.begin(), text.end(), [](char one) { return one < ' ' || one > '~'; }, '?');
        return text;
    }

    void tell(std::monostate) {}
    void tell(const verdict_of::attach& how)
    {
        note("connection ", how.connection, how.resumed ? " resumes session " : " opens session ", how.session);
    }
    void tell(const verdict_of::deny& how) { note("connection ", how.connection, " is denied: ", name_of(how.why)); }
    void tell(const verdict_of::displace& how) { note("connection ", how.connection, " is displaced"); }
    void tell(const verdict_of::probe& how) { note("session ", how.session, " is probed"); }
    void tell(const verdict_of::silence& how) { note("connection ", how.connection, " was silent"); }
    void tell(const verdict_of::give_way& how) { note("connection ", how.connection, " gives way"); }
    void tell(const verdict_of::end& how) { note("session ", how.session, " is over"); }
    void tell(const verdict_of::leaving& who) { note(who.identity, " has lost its last link"); }
    void tell(const verdict_of::returned& who) { note(who.identity, " is back within the grace"); }
    void tell(const verdict_of::absent& who) { note(who.identity, " is absent: the clean-up begins"); }
    void tell(const verdict_of::overdue& who) { note("the clean-up after ", who.identity, " is overdue"); }

    bool tells_;
    instant start_{};
    const virtual_clock* clock_ = nullptr;
    std::string text_;
    std::string breach_;
    std::size_t beats_ = 0; // since the last line
    std::vector<std::pair<std::string, question_ptr>> open_;
};

} // namespace rejoinder::inline v0::testing

#endif
