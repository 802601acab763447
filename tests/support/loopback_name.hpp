// A name of this machine that needs no hosts file.
#ifndef REJOINDER_TESTS_SUPPORT_LOOPBACK_NAME_HPP
#define REJOINDER_TESTS_SUPPORT_LOOPBACK_NAME_HPP

/// To a connector this is a name, which goes to the resolver; every resolver takes it for 127.0.0.1. A bare container may not know localhost.
inline constexpr char loopback_name[] = "127.1";

#endif
