// A struct that nobody described cannot be written.
// expects: what this handler returns cannot be written: BOOST_DESCRIBE_STRUCT
#include <rejoinder/net/handler.hpp>

#include <boost/describe.hpp>

struct described_answer {
    int id = 0;
};
BOOST_DESCRIBE_STRUCT(described_answer, (), (id))

struct opaque_answer {
    int id = 0;
};

#ifdef REFUSED
const auto undescribed_answer_handler = rejoinder::detail::make_handler([] { return opaque_answer{}; });
#else
const auto undescribed_answer_handler = rejoinder::detail::make_handler([] { return described_answer{}; });
#endif
