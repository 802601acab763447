// A program that uses core alone.
#include <rejoinder/core.hpp>

#include <cstdio>

int main()
{
    using namespace std::chrono_literals;
    const auto deadline = rejoinder::later(rejoinder::instant{}, 5s);
    const auto code = make_error_code(rejoinder::errc::timed_out);
    if (deadline == rejoinder::never || rejoinder::certainty_of(code) != rejoinder::certainty::maybe_executed) {
        return 1;
    }
    std::printf("core %s\n", REJOINDER_VERSION_STRING);
}
