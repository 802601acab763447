// The version of rejoinder: the one place that states it; CMake, the packages and the changelog are held against it.
#ifndef REJOINDER_VERSION_HPP
#define REJOINDER_VERSION_HPP

#define REJOINDER_VERSION_MAJOR 0
#define REJOINDER_VERSION_MINOR 1
#define REJOINDER_VERSION_PATCH 0
#define REJOINDER_VERSION_STRING "0.1.0"

#endif
