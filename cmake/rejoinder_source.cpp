// The hub and the client, for our own tests: they define REJOINDER_SEPARATE_COMPILATION to compile faster.
#include <rejoinder/src.hpp>
