// What an outbox has done by its store's thread.
#ifndef REJOINDER_NET_DETAIL_OUTBOX_JOBS_HPP
#define REJOINDER_NET_DETAIL_OUTBOX_JOBS_HPP

#include <rejoinder/core/store.hpp>
#include <rejoinder/net/detail/any_store.hpp>

#include <cstdint>
#include <string>
#include <system_error>

namespace rejoinder::inline v0::detail::outbox_job {

struct opening {
    stored_outbox fresh;
    stored_outbox found;

    std::error_code operator()(any_store& kept) noexcept
    {
        found = {};
        return kept.open_outbox(fresh, found);
    }
};
struct naming {
    std::string peer;

    std::error_code operator()(any_store& kept) noexcept { return kept.set_peer(peer); }
};
struct putting {
    stored_message words;

    std::error_code operator()(any_store& kept) noexcept { return kept.put(words); }
};
struct removing {
    std::uint64_t sequence;

    std::error_code operator()(any_store& kept) noexcept { return kept.remove(sequence); }
};

} // namespace rejoinder::inline v0::detail::outbox_job

#endif
