// Asio's non-template functions, for our own tests: they define ASIO_SEPARATE_COMPILATION to compile faster.
#include <asio/impl/src.hpp>
