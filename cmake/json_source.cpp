// Boost.JSON's definitions, for programs that have its headers and no compiled library: compile this file once into a program.
// CMake does so by itself where it finds no compiled Boost.JSON; without CMake add this file to yours.
#include <boost/json/src.hpp>
