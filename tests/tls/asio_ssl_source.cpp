// Asio's TLS functions, compiled once.
#include <asio/ssl/impl/src.hpp>
