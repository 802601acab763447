// Policies that acknowledge what has come, before its handler has ended.
#ifndef REJOINDER_TESTS_SUPPORT_RECEIPTS_HPP
#define REJOINDER_TESTS_SUPPORT_RECEIPTS_HPP

#include <rejoinder/core/ack_policy.hpp>
#include <rejoinder/core/policies.hpp>

struct receipts : rejoinder::default_policies {
    using ack = rejoinder::acknowledge_on_receipt;
};

#endif
