// A contract's handler takes its request and gives its reply, and no other types.
// expects: this contract's handler takes its request type
// expects: this contract's handler returns its reply type
#include <rejoinder/net/contract.hpp>

#include <string>
#include <string_view>

struct greet : rejoinder::contract<std::string, int> {
    static constexpr std::string_view name = "greet";
};

#ifdef REFUSED
std::string answer(int number);
#else
int answer(const std::string& name);
#endif

static_assert(rejoinder::detail::check_handler<greet, decltype(&answer)>());
