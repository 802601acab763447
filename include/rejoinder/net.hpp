// The door of floor net: what programs hold. Made by single_include/generate.sh.
#ifndef REJOINDER_NET_HPP
#define REJOINDER_NET_HPP

#include <rejoinder/net/ask_all_options.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/client_options.hpp>
#include <rejoinder/net/congested.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/connection_options.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/correlated.hpp>
#include <rejoinder/net/correlation.hpp>
#include <rejoinder/net/correlation_options.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/net/except.hpp>
#include <rejoinder/net/failure.hpp>
#include <rejoinder/net/first_of.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/handshake.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/hub_options.hpp>
#include <rejoinder/net/identity.hpp>
#include <rejoinder/net/incoming.hpp>
#include <rejoinder/net/interceptor.hpp>
#include <rejoinder/net/journal.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/net/outbox_item.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/peer_outcome.hpp>
#include <rejoinder/net/poller.hpp>
#include <rejoinder/net/relay.hpp>
#include <rejoinder/net/reply.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/net/router.hpp>
#include <rejoinder/net/shared_client.hpp>
#include <rejoinder/net/shutdown_options.hpp>
#include <rejoinder/net/subscription.hpp>
#include <rejoinder/net/throttled_notifier.hpp>
#include <rejoinder/version.hpp>

#endif
