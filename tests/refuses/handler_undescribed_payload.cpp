// A struct that nobody described cannot be read.
// expects: the payload cannot be read into this handler's parameter: BOOST_DESCRIBE_STRUCT
#include <rejoinder/net/handler.hpp>

#include <boost/describe.hpp>

struct described_payload {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(described_payload, (), (id))

struct opaque_payload {
    int id = 0;
};

#ifdef REFUSED
const auto undescribed_payload_handler = rejoinder::detail::make_handler([](const opaque_payload& one) { return one.id; });
#else
const auto undescribed_payload_handler = rejoinder::detail::make_handler([](const described_payload& one) { return one.id; });
#endif
