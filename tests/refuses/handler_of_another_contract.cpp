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
const auto handler = [](int number) { return std::to_string(number); };
#else
const auto handler = [](const std::string& name) { return static_cast<int>(name.size()); };
#endif

constexpr bool checked = rejoinder::detail::check_handler<greet, decltype(handler)>();
