// Opens links for a client by any of several connectors.
#ifndef REJOINDER_NET_DETAIL_LIST_DIALLER_HPP
#define REJOINDER_NET_DETAIL_LIST_DIALLER_HPP

#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/detail/dialler.hpp>
#include <rejoinder/net/detail/link.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

class list_dialler final : public dialler {
public:
    template <class Codec, class... Connectors>
    list_dialler(std::tuple<Connectors...> all, const Codec& spelling, const connection_options& options,
                 const std::shared_ptr<counters>& counts)
    {
        std::apply(
            [&](Connectors&... each) {
                (ways_.push_back(std::make_unique<connector_dialler<Connectors, Codec>>(std::move(each), spelling,
                                                                                        options, counts)),
                 ...);
            },
            all);
    }

    [[nodiscard]] std::string description() const override { return ways_[chosen_]->description(); }
    [[nodiscard]] std::size_t ways() const noexcept override { return ways_.size(); }
    void choose(std::size_t way) override { chosen_ = way; }

    void dial(std::uint64_t number, const asio::any_io_executor& executor, link_owner& owner, opened then) override
    {
        dialled_ = chosen_;
        ways_[dialled_]->dial(number, executor, owner, std::move(then));
    }

    [[nodiscard]] std::optional<duration> retry_after() const override { return ways_[dialled_]->retry_after(); }

    void cancel() override { ways_[dialled_]->cancel(); }

private:
    std::vector<std::unique_ptr<dialler>> ways_;
    std::size_t chosen_ = 0;
    std::size_t dialled_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
