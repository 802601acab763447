// A second file of the same program: what the headers define must be one thing in both.
#include <rejoinder/rejoinder.hpp>

const std::error_category& category_of_second_file();

const std::error_category& category_of_second_file()
{
    return rejoinder::rejoinder_category();
}
