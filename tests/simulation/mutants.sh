#!/bin/sh
# Takes the contract's mechanisms out, one at a time, on a copy of the headers, and expects the tests to notice:
#   sh tests/simulation/mutants.sh [NAME...]      prints what went red for each, and the score; fails if a mutant lives
# Needs a C++ compiler (CXX) and Catch2; takes some minutes. JOBS: how many at once.
set -eu
LC_ALL=C
export LC_ALL
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

# test source | header | sed expression | what is taken out
mutants() {
    cat <<'TABLE'
contract|core/dedup_window|s/return entry.running ? verdict::running : verdict::done;/return verdict::fresh;/|no dedup
contract|core/dedup_window|s/if (id < entry.id) {/if (false) {/|no generation check
contract|core/admission|s/if (at.grace.state() == presence::cleaning) {/if (false) {/|no grace serialisation
contract|core/heartbeat|s/return ability_ == probing::allowed && options_.ack_timeout > duration::zero();/return false;/|no probe
contract|core/admission|s/if (one.at != &at) {/if (false) {/|a token resumes for any identity
contract|core/asker|s/todo_.urgent.push_back({place.kind, place.id, 0, place.after});/static_cast<void>(place);/|unfinished messages are not sent again
contract|core/asker|s/place.at == stage::sent \&\& (kept || place.repeat == repeatable::idempotent)/place.at == stage::sent/|sent messages go to the next session
contract|core/session|s/emit_urgent(out, now) || emit_next(out, now)/emit_next(out, now) || emit_urgent(out, now)/|new messages overtake unfinished ones
contract|core/inbox|s/one.mode == handling::serial && !lanes_.enter/false \&\& !lanes_.enter/|serial handlers overlap
contract|core/delivery|s/deadline > now ? deadline - now : duration::zero()/std::chrono::seconds{60}/|time left does not count down
contract_rules_connecting|core/admission|s/} else if (who.attempt <= one.attempt) {/} else if (false) {/|an old attempt resumes
contract_rules_connecting|core/admission|s/} else if (one.incarnation != who.incarnation) {/} else if (false) {/|another incarnation resumes
contract_rules_connecting|core/session|s/confirmed_ = side_ == side::client || !features.ready;/confirmed_ = true;/|the welcome is not confirmed
contract_rules_connecting|core/link_verdict|s/           verdict == link_verdict::replaced ||/          /|a displaced client dials again
contract_rules_connecting|testing/simulated_hub|/const verdict_of::displace& how)/,/^    }/s/close(who);//|a session hears the connection that it left
contract_rules_records|core/asker|s/place.at = stage::abandoned;/return close(index);/|a slot is free when its caller is told
contract_rules_records|core/dedup_window|s/return entry.running ? verdict::violation : verdict::fresh;/return verdict::fresh;/|a higher generation runs beside a running one
contract_rules_records|core/inbox|s/one.id = on_receipt ? 0 : asked.id;/one.id = asked.id;/|a delivery acknowledged on receipt keeps its slot
contract_rules_records|core/finished_ids|s/void lost() noexcept { named_.clear(); }/void lost() noexcept { arrived(); }/|names are not repeated
contract_rules_errors|core/asker|s/place.sure = certainty::maybe_executed;//|what was emitted counts as never sent
contract_rules_errors|core/asker|s/place.at == stage::abandoned \&\& features_.cancel/false/|no cancel with the resume
contract_rules_errors|core/detail/second_tries|s/return place.repeat == repeatable::idempotent ||/return true ||/|any request is tried again
contract_rules_errors|core/inbox|s/stop_run({number}, one);/static_cast<void>(one);/|a session ends without stopping its handlers
admission|core/admission|s/one != nullptr && one->connection == connection)/one != nullptr)/|the end of any connection starts the grace
admission|core/admission|s/if (who.attempt <= same->attempt) {/if (false) {/|an old attempt takes a newer one's place in the queue
contract_rules_presence|core/admission|s/if (park(at, std::move(who), now) && one != nullptr) {/if (park(at, std::move(who), now) \&\& one == nullptr) {/|a waiting hello does not hold the lease
contract_rules_presence|core/admission|s/verdicts_.push_back(verdict_of::probe{at.probed});//|nobody is probed at the bound
contract_rules_connecting|core/session|s/while (confirmed_/while (true/|the hub asks before its welcome is confirmed
outbox|core/outbox|s/return live_ < options_.messages_max \&\&/return/|the outbox has no bound
contract_rules_durable|core/durable_outbox|s/break; \/\/ what comes later is not stored either/one.at = entry::stage::waiting;/|a message is sent before it is stored
contract_rules_durable|core/durable_outbox|s/        steps_.push_back(durable_step::remove{sequence});/        tell(one);/|settling is told, and not on disk
contract_rules_durable|core/durable_outbox|s/const bool keeps = .*/const bool keeps = true;/|what may have run at a hub that forgot is sent again
contract_rules_durable|core/durable_outbox|s/const bool weaker = .*/const bool weaker = false;/|an error of the last sending undoes an earlier one
contract_rules_durable|core/durable_outbox|s/epoch_, stored_next_,/epoch_, next_,/|a sequence that was never stored counts as used
durable_outbox|core/durable_outbox|s/one.sure = peer_.empty() ? certainty::never_sent : certainty::maybe_executed;/one.sure = certainty::never_sent;/|what an earlier process sent counts as never sent
contract_rules_durable|core/durable_inbox|s/return durable_verdict::interrupted;/return durable_verdict::fresh;/|what was begun when the process died runs again
contract_rules_durable|core/durable_inbox|s/if (sequence >= old_floor \&\&/if (false \&\&/|what the hello says is unsettled is stale
contract_rules_durable|core/durable_inbox|s/if (sequence < notice.next \&\&/if (false \&\&/|what is settled keeps its record
contract_rules_durable|core/durable_inbox|s/if (record.fingerprint != fingerprint) {/if (false) {/|one sequence is two messages
contract_rules_durable|core/durable_inbox|s/if (knew \&\& notice.epoch < known.epoch) {/if (false) {/|an earlier opening of an outbox is let in
durable_inbox|core/durable_inbox|s/place.sequence < known.floor ? durable_verdict::stale : //|what was settled long ago runs again
notices|core/delivery|s/return wire.records ||/return true ||/|a page is asked twice what it may have seen
notices|core/session|s/inbox_.disown();//|a page that is back gets old answers to its new ids
notices|core/agenda|s/\&\& after < notification/\&\& after > notification/|what goes out again loses its place
notices|core/asker|s/.id = todo_.noticed, .name/.name/|an event that is said once says that nothing was seen
notices|core/notices|s/todo_.noticed = kind == .*/static_cast<void>(kind);/|what the connection did not say counts as said
key_ledger|core/inbox|s/ || keyed_.is_wanted(which.number)//|a cancel ends the run that another session waits for
key_ledger|core/keyed_runs|s/finish(key, answer);/finish(key, answer, instant{});/|an answer is older than its run
replay_window|core/replay_window|s/floor_ = std::max(floor_, gone.number);//|a page that missed what was dropped is recovered
key_ledger|core/inbox|s/why == errc::session_lost \&\& keyed_.is_shared(number)/false/|a keyed run ends with its session
key_ledger|core/keyed_runs|s/ledger_->answer(key, answer);//|who waits for another session's run is not told
presence|core/admission|s/at.absence = ++absences_;.*/++at.absence;/|a clean-up given up ends that of an identity that was forgotten and came back
presence|core/admission|s/found->second.absence != absence/false/|a clean-up that was given up ends a later one
presence|core/admission|s/verdicts_.push_back(verdict_of::displace{one.connection});.*/;/|a zombie is not displaced
presence|core/admission|s/one.lease = timers_.schedule(one.lease_until(options_, now), {clock::lease, &at, session});/;/|a lease never ends
reconnect_grace|core/reconnect_grace|s/state_ == presence::cleaning) {/false) {/|who comes during a clean-up does not wait
presence|core/reconnect_grace|s/if (--attached_ == 0)/--attached_; if (true)/|the first lost link starts the grace
worlds|core/durable_inbox|s/return durable_verdict::interrupted;/return durable_verdict::fresh;/|a crash lets what was begun run again
worlds|core/durable_outbox|s/one.at = entry::stage::waiting;$/one.at = entry::stage::sent;/|a message that was stored is never sent
worlds|core/durable_outbox|s/next_ = stored_next_ = found.next;/next_ = stored_next_ = 1;/|a new process gives sequences again
contract_rules_durable|core/durable_outbox|s/if (one.at != entry::stage::storing) {/if (true) {/|the hello names what is not stored
worlds|core/dedup_window|s/return entry.running ? verdict::running : verdict::done;/return verdict::fresh;/|a repeat runs again in some pair of faults
worlds|core/asker|s/todo_.urgent.push_back({place.kind, place.id, 0, place.after});/static_cast<void>(place);/|a fault loses what was sent
timer_wheel|core/timer_wheel|s/nodes_\[timer.index\].generation == timer.generation/true/|a timer's number is another's
timer_wheel|core/timer_wheel|s/timer.tick = std::max(tick_due(when), current_);/timer.tick = tick_due(when);/|a timer of the past waits for the next turn
timer_wheel|core/timer_wheel|s/nodes_\[few_.head\].tick <= now_/nodes_[few_.head].tick < now_/|a timer fires late
correlation_registry|core/correlation_registry|s/slots_\[index\].word == id/true/|an id of another generation finds the slot
correlation_registry|core/correlation_registry|s/first_generation_ = std::max(first_generation_.*/;/|generations begin anew
finished_ids|core/finished_ids|s/named_.size() != named_max/true/|a ping names without bound
heartbeat|core/heartbeat|s/number <= answered_ ||/false ||/|a pong counts twice
heartbeat|core/heartbeat|s/proven_ = std::max(proven_, pinged_position_);/;/|a pong proves nothing
heartbeat|core/heartbeat|s/received_at_ = std::max(received_at_, now);/;/|what comes is no sign of life
round_trip|core/round_trip|s/doublings_ = std::min(doublings_ + 1, doublings_max);/;/|no backoff of probes
round_trip|core/round_trip|s/4 \* variation_/variation_/|the variation of the round trip hardly counts
backoff|core/backoff|s/(exponent \& 1U) != 0/true/|delays grow too fast
backoff|core/backoff|s/std::min<std::size_t>(std::max(n, 1U), count_) - 1/std::max(n, 1U) - 1/|a list of delays is read beyond its end
retry_policy|core/retry_policy|s/\*delay < left/true/|a retry beyond the deadline
retry_policy|core/retry_policy|s/made < attempts/made <= attempts/|one attempt too many
retry_policy|core/retry_policy|s/kind == errc::handler_error ||//|a failed handler is not tried again
retry_budget|core/token_bucket|s/credit_ = std::min(full_, credit_at(now)/credit_ = (credit_at(now)/|credit grows without bound
token_bucket|core/token_bucket|s/credit_ < count \* token/credit_ <= count * token/|the last token is never given
throttle|core/throttle|s/each.held \&\& each.free_at <= now/each.held/|a held event leaves too early
throttle|core/throttle|s/lanes_.size() < options_.names_max/true/|names are throttled without bound
keyed_window|core/keyed_window|s/if (known.fingerprint != fingerprint)/if (false)/|one key is two payloads
keyed_window|core/keyed_window|s/running_ >= bounds_.count_max ||/false ||/|keys run without bound
keyed_window|core/keyed_window|s/return known.running ? keyed_verdict::running : keyed_verdict::done;/return keyed_verdict::running;/|a key's answer is never given
poll_cycle|core/poll_cycle|s/if (tries_ < std::max(options_.tries, 1U))/if (true)/|a poll is tried for ever
poll_cycle|core/poll_cycle|s/now >= limit_/false/|a poll is never given up
serial_lanes|core/serial_lanes|s/if (alive(next))/if (true)/|a lane is given to a run that is over
inbound_limit|core/inbound_limit|s/if (refused_ == options_.flood)/if (false)/|a flood goes on
latency|core/latency|s/std::clamp<std::uint64_t>(rank, 1, total)/rank/|a quantile beyond its samples
outbox|core/outbox|s/next_expiry() > now ||/false ||/|messages expire too early
outbox|core/outbox|s/at(place).id == id \&\&//|a ticket finds another's message
disconnect_stats|core/disconnect_stats|s/entry.last = std::max(entry.last, now);/entry.last = now;/|a clock that goes back forgets users
pending_calls|core/pending_calls|s/timers_.cancel(taken->timer);/;/|the timer of a call that is over stays
memory_store|core/memory_store|s/return undo();/return {};/|a rolled back transaction stays
digest|core/digest|s/if (filled == block.size())/if (filled > block.size())/|a digest of long texts is wrong
retry_budget|core/token_bucket|s/ + hundredths \* (token \/ 100)//|what works earns no retries
TABLE
}

compile() { # source target include...
    source=$1
    target=$2
    optimise=-O0
    case $source in *simulation*) optimise=-O1 ;; esac
    shift 2
    "${CXX:-c++}" -std=c++20 -w $optimise "$@" "-I$root/tests" "$source" "$work/catch_main.o" -o "$target"
}

# Prints one line about a mutant; fails if it lives.
try() { # line of the table
    name=${1##*|}
    rest=${1%|*}
    test=${rest%%|*}
    rest=${rest#*|}
    header=include/rejoinder/${rest%%|*}.hpp
    change=${rest#*|}
    here=$(mktemp -d "$work/XXXXXX")
    cp -r "$root/include" "$here/include"
    sed "$change" "$root/$header" > "$here/$header"
    if cmp -s "$root/$header" "$here/$header"; then
        echo "STALE  $name: nothing to take out in $header"
        return 1
    fi
    source=$(find "$root/tests/core" "$root/tests/simulation" -name "$test.cpp")
    if ! compile "$source" "$here/test" "-I$here/include" > "$here/errors" 2>&1; then
        if grep -q 'static assertion failed\|not a constant expression' "$here/errors"; then
            echo "red    $name: $test does not compile"
            return 0
        fi
        echo "BROKEN $name: $(grep -m 1 error "$here/errors")"
        return 1
    fi
    if timeout 300 "$here/test" --abort -r xml > "$here/said" 2>&1; then
        echo "ALIVE  $name: $test sees no difference"
        return 1
    fi
    red=$(sed -n 's/.*<TestCase name="\([^"]*\)".*/\1/p' "$here/said" | tail -n 1) # the last one that began has failed
    seed=$(grep -a -o -m 1 'seed [0-9]*' "$here/said" || true)
    echo "red    $name: ${red:-$test}${seed:+, $seed}"
    rm -rf "$here"
}

if [ "${1:-}" = --try ]; then
    work=$2
    try "$3"
    exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-c++}" -std=c++20 -w -O0 -c "-I$root/tests" "$root/tests/support/catch_main.cpp" -o "$work/catch_main.o"
is_wanted() { # name of a mutant, wanted parts of names...
    name=$1
    shift
    [ $# -gt 0 ] || return 0
    for part in "$@"; do
        case $name in *"$part"*) return 0 ;; esac
    done
    return 1
}
mutants | while IFS= read -r line; do
    if is_wanted "${line##*|}" "$@"; then printf '%s\0' "$line"; fi
done > "$work/wanted"
failed=0
nice xargs -0 -r -n 1 -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" sh "$0" --try "$work" < "$work/wanted" > "$work/said" || failed=$?
sort "$work/said"
echo "score: $(grep -c '^red' "$work/said") of $(tr -cd '\0' < "$work/wanted" | wc -c) mutants were noticed"
exit "$failed"
