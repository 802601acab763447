// The door of floor core: what decides, on the standard library alone. Made by single_include/generate.sh.
#ifndef REJOINDER_CORE_HPP
#define REJOINDER_CORE_HPP

#include <rejoinder/core/ack_policy.hpp>
#include <rejoinder/core/admission.hpp>
#include <rejoinder/core/admission_options.hpp>
#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/agenda.hpp>
#include <rejoinder/core/asker.hpp>
#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/correlation_registry.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/dedup_window.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/disconnect_stats.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/finished_ids.hpp>
#include <rejoinder/core/heartbeat.hpp>
#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/keyed_registry.hpp>
#include <rejoinder/core/keyed_runs.hpp>
#include <rejoinder/core/keyed_window.hpp>
#include <rejoinder/core/latency.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/outbox.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/pending_calls.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/random.hpp>
#include <rejoinder/core/reconnect_grace.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/core/retry_policy.hpp>
#include <rejoinder/core/round_trip.hpp>
#include <rejoinder/core/route_table.hpp>
#include <rejoinder/core/serial_lanes.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/core/throttle.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/core/token_bucket.hpp>
#include <rejoinder/version.hpp>

#endif
