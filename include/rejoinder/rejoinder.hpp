// The front door: all four floors. Made by single_include/generate.sh.
#ifndef REJOINDER_REJOINDER_HPP
#define REJOINDER_REJOINDER_HPP

#include <rejoinder/channel.hpp>
#include <rejoinder/core.hpp>
#include <rejoinder/net.hpp>
#include <rejoinder/wire.hpp>

#endif
