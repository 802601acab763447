// A client without sockets: a page with its session, which dials, says hello, and comes back.
#ifndef REJOINDER_TESTING_SIMULATED_CLIENT_HPP
#define REJOINDER_TESTING_SIMULATED_CLIENT_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/simulated_disk.hpp>
#include <rejoinder/testing/simulated_network.hpp>
#include <rejoinder/testing/simulated_outbox.hpp>
#include <rejoinder/testing/world_options.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0::testing {

/// What a page that is reloaded still knows: browsers keep the token where a reload finds it, or do not.
enum class reloading : std::uint8_t { keeps_token, loses_token };

/// A client of a `world`: it drives the machines of the core as a real client does.
template <class Policies>
class simulated_client {
public:
    using peer = scripted_peer<Policies>;

    simulated_client(const world_options<Policies>& options, simulated_network& network, std::string identity,
                     std::string label)
        : options_(options), network_(network), identity_(std::move(identity)), label_(std::move(label)),
          capacity_(options.session.capacity)
    {
        if (options.durable == durability::on_disk) {
            disk_ = std::make_unique<simulated_disk>(network.clock, label_);
        }
        load();
    }

    // Getters

    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }
    /// What stories call it: its pages add their number.
    [[nodiscard]] const std::string& label() const noexcept { return label_; }
    [[nodiscard]] peer& self() noexcept { return *self_; }
    [[nodiscard]] const auto& dialler() const noexcept { return *dialler_; }
    [[nodiscard]] link_state state() const noexcept { return dialler_->state(); }
    /// The link that it uses now, or null.
    [[nodiscard]] faulty_link<spoken>* link() noexcept { return line_ == nullptr ? nullptr : &line_->link; }
    [[nodiscard]] connection_id line() const noexcept { return line_ == nullptr ? 0 : line_->id; }
    [[nodiscard]] const std::string& token() const noexcept { return token_; }
    [[nodiscard]] const std::string& incarnation() const noexcept { return incarnation_; }
    [[nodiscard]] instant next_deadline() const
    {
        const auto own = std::min(dialler_->next_deadline(), self_->next_deadline());
        return disk_ == nullptr ? own : std::min({own, disk_->next_deadline(), outbox_->next_deadline()});
    }
    /// Its durable outbox and the disk under it; null in a world without.
    [[nodiscard]] simulated_outbox<Policies>* outbox() noexcept { return outbox_.get(); }
    [[nodiscard]] simulated_disk* disk() noexcept { return disk_.get(); }

    // What the test says

    /// Dials, as soon as its outbox is open.
    void start()
    {
        starts_ = outbox_ != nullptr && !outbox_->is_open();
        if (!starts_) {
            dialler_->start(network_.now());
        }
    }

    /// Goes offline, with a proper close, until `start`.
    void stop()
    {
        starts_ = false;
        hang_up();
        dialler_->stop(network_.now());
    }

    /// The page is loaded anew: another incarnation, with nothing but perhaps the token. What was pending ends with
    /// `closed`.
    void reload(reloading how)
    {
        stop();
        self_->session().end(errc::closed);
        self_->take_outputs();
        die(disk_ == nullptr ? 0 : disk_->unconfirmed());
        if (how == reloading::loses_token) {
            token_.clear();
        }
        start();
    }

    /// Its process dies where it stands, and starts again without memory: nobody is left who could be told what became of what was pending. Of
    /// the writes that its disk has not confirmed the first `synced` are there afterwards.
    void crash(std::size_t synced = 0)
    {
        if (line_ != nullptr) {
            leave();
            line_->link.cut();
            line_ = nullptr;
        }
        die(synced);
        token_.clear();
        start();
    }

    /// Its end of the link is gone, and the hub is not told: half-open.
    void sever()
    {
        if (line_ != nullptr) {
            line_->link.sever(side::client);
        }
    }

    /// Says this on its link if there is room, whatever its session thinks of that: for hostile clients.
    void say(const message& what)
    {
        if (line_ != nullptr && line_->link.has_room(side::client)) {
            network_.say(*line_, side::client, label_, what);
        }
    }

    /// Another process has this page's whole memory, as a machine restored from a snapshot has: same incarnation, same
    /// token. The next attempt of whoever has it is this many above the last.
    void impersonate(const simulated_client& other, std::uint64_t above)
    {
        token_ = other.token_;
        incarnation_ = other.incarnation_;
        attempts_before_ = other.attempts_before_ + other.dialler_->attempt() + above - 1;
    }
    /// The slots that it asks for from now on.
    void capacity(std::uint32_t slots) noexcept { capacity_ = slots; }
    /// The token of the next hello.
    void token(std::string other) { token_ = std::move(other); }
    /// Who it says that it is from now on.
    void identity(std::string other) { identity_ = std::move(other); }

    // What the world does

    /// Does what can be done now. Whether there was anything.
    bool drive()
    {
        bool any = disk_ != nullptr && disk_->drive();
        any |= read();
        if (starts_) {
            start();
        }
        switch (dialler_->advance(network_.now())) {
        case dialling::nothing: break;
        case dialling::dial:
            dial();
            any = true;
            break;
        case dialling::abandon:
            hang_up();
            any = true;
            break;
        case dialling::fail:
            self_->session().end(kind_of(dialler_->last_error()).value_or(errc::closed));
            any = true;
            break;
        }
        self_->advance();
        if (self_->take_hang_up() && self_->session().attached()) {
            lose(make_error_code(errc::not_connected));
            any = true;
        }
        any |= outbox_ != nullptr && outbox_->drive(*self_);
        const bool wrote = self_->session().attached() && write_to(network_, *line_, side::client, *self_);
        return any || wrote;
    }

private:
    void load()
    {
        ++pages_;
        const auto page = label_ + "." + std::to_string(pages_);
        const auto seed = options_.seed + 1000 * pages_ + label_.size();
        incarnation_ = page;
        attempts_before_ = 0;
        dialler_.emplace(typename Policies::backoff{}, options_.dial_limit, seed);
        self_ =
            std::make_unique<peer>(side::client, page, options_.session, network_.clock, seed, &network_.watching());
        options_.equip(side::client, *self_);
        if (disk_ != nullptr) {
            outbox_ = std::make_unique<simulated_outbox<Policies>>(*disk_, network_.clock, options_.session, label_,
                                                                   network_.watching());
        }
    }

    void die(std::size_t synced)
    {
        network_.watching().died(self_->label());
        past_.push_back(std::move(self_));
        if (disk_ != nullptr) {
            disk_->crash(synced);
            outbox_.reset();
        }
        load();
    }

    void dial()
    {
        hang_up();
        line_ = &network_.dial(options_.link);
        hello first;
        first.incarnation = incarnation_;
        first.token = token_;
        first.attempt = attempts_before_ + dialler_->attempt();
        first.capacity = capacity_;
        first.auth = identity_;
        if (outbox_ != nullptr) {
            first.outbox = outbox_->notice();
        }
        network_.greet(*line_, side::client, std::move(first));
    }

    bool read()
    {
        bool any = false;
        while (line_ != nullptr) {
            const auto came = line_->link.arrive(side::client, network_.now());
            if (!came) {
                break;
            }
            any = true;
            if (const auto* answer = std::get_if<welcome>(&*came)) {
                if (self_->session().attached()) {
                    self_->session().bad(network_.now()); // a second one
                } else {
                    welcomed(*answer);
                }
            } else if (const auto* said = std::get_if<owned_message>(&*came)) {
                heard(said->view());
            }
        }
        if (line_ != nullptr && !line_->link.readable(side::client, network_.now())) {
            lose(make_error_code(errc::not_connected));
            any = true;
        }
        return any;
    }

    void welcomed(const welcome& answer)
    {
        dialler_->connected(network_.now());
        token_ = answer.token;
        const auto known = outbox_ == nullptr ? peer_keeps::nothing : outbox_->welcomed(answer);
        if (!answer.resumed) {
            self_->session().begin(answer.capacity, known);
        }
        network_.watching().attached(self_->label(), line_->id);
        self_->session().attach(options_.features, options_.session.heartbeat, network_.now());
        self_->take_outputs();
    }

    void heard(const message& what)
    {
        if (what.kind == message_kind::refusal) {
            lose(make_error_code(errc_named(what.name)), what.time_left);
        } else if (self_->session().attached()) {
            network_.watching().heard(self_->label(), line_->id, what);
            self_->receive(what);
            const auto left = self_->take_farewell();
            if (left && left->reason == close_reason::replaced) {
                lose(make_error_code(errc::replaced));
            }
        }
    }

    void lose(const std::error_code& why, std::optional<duration> retry_after = std::nullopt)
    {
        hang_up();
        dialler_->lost(why, retry_after, network_.now());
    }

    // Whatever may still come on the line that is left means nothing any more (rule 5).
    void hang_up()
    {
        if (line_ == nullptr) {
            return;
        }
        leave();
        line_->link.close(side::client, network_.now());
        line_ = nullptr;
    }

    void leave()
    {
        if (self_->session().attached()) {
            self_->session().detach(network_.now());
            self_->take_outputs();
            network_.watching().detached(self_->label(), line_->id);
        }
    }

    const world_options<Policies>& options_;
    simulated_network& network_;
    std::string identity_;
    std::string label_;
    std::uint32_t capacity_;
    std::uint64_t pages_ = 0;
    std::string incarnation_;
    std::string token_;
    std::uint64_t attempts_before_ = 0;
    simulated_line* line_ = nullptr;
    std::optional<reconnector<typename Policies::backoff>> dialler_;
    std::unique_ptr<peer> self_;
    std::unique_ptr<simulated_disk> disk_;
    std::unique_ptr<simulated_outbox<Policies>> outbox_;
    bool starts_ = false;                     // wanted, once the outbox is open
    std::vector<std::unique_ptr<peer>> past_; // pages that were left: kept for those who hold their runs
};

} // namespace rejoinder::inline v0::testing

#endif
