// M3: a request read and its reply written. m3_envelope --of rejoinder|document
#include "bench/support/payload.hpp"
#include "bench/support/report.hpp"
#include "bench/support/settings.hpp"
#include "bench/support/small_cost.hpp"

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/json_codec.hpp>
#include <rejoinder/wire/json_payload.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace {

constexpr std::size_t times = 1'000'000;

std::string request()
{
    return R"(["req",1041,"text",)" + bench::payload(99) + R"(,{"ttl":59990}])";
}

double as_text(rejoinder::json_codec& codec, const std::string& frame, std::string& out)
{
    return bench::nanoseconds_of(times, [&] {
        rejoinder::message in;
        codec.decode({frame, rejoinder::encoding::text}, in);
        rejoinder::message reply;
        reply.kind = rejoinder::message_kind::reply;
        reply.id = in.id;
        reply.payload = in.payload;
        out.clear();
        codec.encode(reply, out);
        bench::keep(out);
    });
}

double as_values(rejoinder::json_codec& codec, const std::string& frame, std::string& out)
{
    std::string text;
    return bench::nanoseconds_of(times, [&] {
        rejoinder::message in;
        codec.decode({frame, rejoinder::encoding::text}, in);
        rejoinder::json value;
        static_cast<void>(rejoinder::read_payload(in.payload, value, nullptr));
        text.clear();
        rejoinder::message reply;
        reply.kind = rejoinder::message_kind::reply;
        reply.id = in.id;
        reply.payload.form = rejoinder::write_payload(value, text);
        reply.payload.bytes = text;
        out.clear();
        codec.encode(reply, out);
        bench::keep(out);
    });
}

// The whole frame as a document, as one writes it first.
double as_document(const std::string& frame, std::string& out)
{
    return bench::nanoseconds_of(times, [&] {
        auto in = boost::json::parse(frame);
        auto& words = in.as_array();
        boost::json::array reply;
        reply.emplace_back("res");
        reply.push_back(std::move(words[1]));
        reply.push_back(std::move(words[3]));
        out = boost::json::serialize(reply);
        bench::keep(out);
    });
}

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    const auto frame = request();
    std::string out;
    bench::report all;
    if (how.text("of", "rejoinder") == "document") {
        all.add("decoded_ns", as_document(frame, out));
    } else {
        rejoinder::json_codec codec;
        all.add("text_ns", as_text(codec, frame, out));
        all.add("decoded_ns", as_values(codec, frame, out));
    }
    all.print();
    return 0;
}
