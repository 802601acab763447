// What a program compiles once, in one of its files, that defines REJOINDER_SEPARATE_COMPILATION in all of them to compile faster.
#ifndef REJOINDER_SRC_HPP
#define REJOINDER_SRC_HPP

#include <rejoinder/core/policies.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

namespace rejoinder::inline v0 {

template class client<default_policies>;
template class hub<default_policies>;

namespace detail {
template class client_state<default_policies>;
template class host<default_policies>;
template class hub_state<default_policies>;
template class switchboard<default_policies>;
} // namespace detail

} // namespace rejoinder::inline v0

#endif
