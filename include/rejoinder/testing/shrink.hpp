// Makes a failing sequence of steps as short as it can: what is left is what it takes to fail.
#ifndef REJOINDER_TESTING_SHRINK_HPP
#define REJOINDER_TESTING_SHRINK_HPP

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::testing {

/// Leaves out runs of steps, of half the length first and single ones last, for as long as `fails(steps)` stays true.
/// `fails` must depend on the steps alone, so that a replay is exact. It is called O(n²) times at worst, O(n log n)
/// times if few steps matter.
template <class Step, class Fails>
std::vector<Step> shrink(std::vector<Step> steps, Fails fails)
{
    bool shorter = true;
    while (shorter) {
        shorter = false;
        for (std::size_t length = std::max<std::size_t>(steps.size() / 2, 1); length != 0; length /= 2) {
            for (std::size_t from = 0; from < steps.size();) {
                auto fewer = steps;
                const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(from);
                fewer.erase(first, first + static_cast<std::ptrdiff_t>(std::min(length, steps.size() - from)));
                if (fails(std::as_const(fewer))) {
                    steps = std::move(fewer);
                    shorter = true;
                } else {
                    from += length;
                }
            }
        }
    }
    return steps;
}

} // namespace rejoinder::inline v0::testing

#endif
