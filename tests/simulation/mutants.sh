#!/bin/sh
# Takes the contract's mechanisms out, one at a time, on a copy of the headers, and expects the tests to notice:
#   sh tests/simulation/mutants.sh [NAME...]      prints what went red for each; fails if nothing did
# Needs a C++ compiler (CXX) and Catch2; takes some minutes.
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
contract|core/asker|s/place.at == stage::sent && place.repeat == repeatable::idempotent/place.at == stage::sent/|sent messages go to the next session
contract|core/session|s/emit_urgent(out, now) || emit_next(out, now)/emit_next(out, now) || emit_urgent(out, now)/|new messages overtake unfinished ones
contract|core/inbox|s/one.mode == handling::serial && !lanes_.enter/false \&\& !lanes_.enter/|serial handlers overlap
contract|core/delivery|s/deadline > now ? deadline - now : duration::zero()/std::chrono::seconds{60}/|time left does not count down
contract_rules_connecting|core/admission|s/} else if (who.attempt <= one.attempt) {/} else if (false) {/|an old attempt resumes
contract_rules_connecting|core/admission|s/} else if (one.incarnation != who.incarnation) {/} else if (false) {/|another incarnation resumes
contract_rules_connecting|core/session|s/confirmed_ = side_ == side::client;/confirmed_ = true;/|the welcome is not confirmed
contract_rules_connecting|core/reconnector|s/ || why == errc::replaced//|a displaced client dials again
contract_rules_connecting|testing/simulated_hub|/const verdict_of::displace& how)/,/^    }/s/close(who);//|a session hears the connection that it left
contract_rules_records|core/asker|s/place.at = stage::abandoned;/return close(index);/|a slot is free when its caller is told
contract_rules_records|core/dedup_window|s/return entry.running ? verdict::violation : verdict::fresh;/return verdict::fresh;/|a higher generation runs beside a running one
contract_rules_records|core/inbox|s/one.id = on_receipt ? 0 : asked.id;/one.id = asked.id;/|a delivery acknowledged on receipt keeps its slot
contract_rules_records|core/finished_ids|s/void lost() noexcept { named_.clear(); }/void lost() noexcept { arrived(); }/|names are not repeated
contract_rules_errors|core/asker|s/place.sure = certainty::maybe_executed;//|what was emitted counts as never sent
contract_rules_errors|core/asker|s/place.at == stage::abandoned \&\& features_.cancel/false/|no cancel with the resume
contract_rules_errors|core/asker|s/const bool may_repeat = .*/const bool may_repeat = true;/|any request is tried again
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
replay_window|core/replay_window|s/floor_ = std::max(floor_, gone.number);//|a page that missed what was dropped is recovered
key_ledger|core/inbox|s/why == errc::session_lost \&\& keyed_.is_shared(number)/false/|a keyed run ends with its session
key_ledger|core/keyed_runs|s/ledger_->answer(key, answer);//|who waits for another session's run is not told
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
        echo "BROKEN $name: $(grep -m 1 error "$here/errors")"
        return 1
    fi
    if timeout 300 "$here/test" --abort -r xml > "$here/said" 2>&1; then
        echo "ALIVE  $name: $test sees no difference"
        return 1
    fi
    red=$(sed -n 's/.*<TestCase name="\([^"]*\)".*/\1/p' "$here/said" | tail -n 1) # the last one that began has failed
    echo "red    $name: ${red:-$test}"
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
done | xargs -0 -r -n 1 -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" sh "$0" --try "$work"
