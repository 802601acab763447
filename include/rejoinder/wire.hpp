// The door of floor wire: what spells messages as bytes. Made by single_include/generate.sh.
#ifndef REJOINDER_WIRE_HPP
#define REJOINDER_WIRE_HPP

#include <rejoinder/version.hpp>
#include <rejoinder/wire/bytes.hpp>
#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/framing.hpp>
#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/is_utf8.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/json_line.hpp>
#include <rejoinder/wire/json_payload.hpp>
#include <rejoinder/wire/json_text.hpp>
#include <rejoinder/wire/json_value.hpp>
#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>
#include <rejoinder/wire/prometheus_text.hpp>
#include <rejoinder/wire/snapshot_json.hpp>

#endif
