// The door of floor wire: what spells messages as bytes. Made by single_include/generate.sh.
#ifndef REJOINDER_WIRE_HPP
#define REJOINDER_WIRE_HPP

#include <rejoinder/version.hpp>
#include <rejoinder/wire/base64.hpp>
#include <rejoinder/wire/bytes.hpp>
#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/engine_io_heartbeat.hpp>
#include <rejoinder/wire/engine_io_packet.hpp>
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/engine_io_upgrade.hpp>
#include <rejoinder/wire/event_codec.hpp>
#include <rejoinder/wire/framing.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/is_utf8.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/json_line.hpp>
#include <rejoinder/wire/json_payload.hpp>
#include <rejoinder/wire/json_text.hpp>
#include <rejoinder/wire/json_value.hpp>
#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>
#include <rejoinder/wire/no_compression.hpp>
#include <rejoinder/wire/origin_policy.hpp>
#include <rejoinder/wire/prometheus_text.hpp>
#include <rejoinder/wire/route_pattern.hpp>
#include <rejoinder/wire/snapshot_json.hpp>
#include <rejoinder/wire/socket_io_arguments.hpp>
#include <rejoinder/wire/socket_io_decoder.hpp>
#include <rejoinder/wire/socket_io_encoder.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_close.hpp>
#include <rejoinder/wire/websocket_deflate_terms.hpp>
#include <rejoinder/wire/websocket_extensions.hpp>
#include <rejoinder/wire/websocket_frame.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>
#include <rejoinder/wire/websocket_reader.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#endif
