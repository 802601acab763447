// The door of floor net: what programs hold. Made by single_include/generate.sh.
#ifndef REJOINDER_NET_HPP
#define REJOINDER_NET_HPP

#include <rejoinder/version.hpp>

#endif
