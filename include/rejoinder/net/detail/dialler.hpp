// Opens links for a client: a connector and a codec behind one virtual call.
#ifndef REJOINDER_NET_DETAIL_DIALLER_HPP
#define REJOINDER_NET_DETAIL_DIALLER_HPP

#include <rejoinder/channel/connector.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/counters.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/detail/link.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Opens one link at a time.
class dialler {
public:
    using opened = std::function<void(std::error_code, std::shared_ptr<link>)>;

    virtual ~dialler() = default;
    [[nodiscard]] virtual std::string description() const = 0;
    /// In how many ways it can reach the other side.
    [[nodiscard]] virtual std::size_t ways() const noexcept { return 1; }
    /// Which of them, from 0, later attempts take.
    virtual void choose(std::size_t) {}
    /// Begins an attempt; `then` is called once, not from inside this call, on the executor.
    virtual void dial(std::uint64_t number, const asio::any_io_executor& executor, link_owner& owner, opened then) = 0;
    /// When the other side, which refused the last attempt, wants to be asked again; nothing: it did not say.
    [[nodiscard]] virtual std::optional<duration> retry_after() const { return std::nullopt; }
    /// Ends the attempt that is under way.
    virtual void cancel() = 0;
};

template <connector Connector, codec Codec>
class connector_dialler final : public dialler {
public:
    connector_dialler(Connector where, Codec spelling, const connection_options& options,
                      std::shared_ptr<counters> counts)
        : connector_(std::move(where)), codec_(std::move(spelling)), options_(options), counts_(std::move(counts))
    {}

    [[nodiscard]] std::string description() const override { return connector_.description(); }

    void dial(std::uint64_t number, const asio::any_io_executor& executor, link_owner& owner, opened then) override
    {
        using channel_type = typename Connector::channel_type;
        using connection_type = connection<channel_type, Codec>;
        const auto cancel = std::make_shared<
            asio::cancellation_signal>(); // the attempt's own, which it may outlive everything here with
        cancel_ = cancel;
        auto made = [cancel, codec = codec_, options = options_, counts = counts_, &owner, number,
                     where = description(), then = std::move(then)](std::error_code ec, channel_type carrier) mutable {
            if (ec) {
                then(ec, nullptr);
                return;
            }
            then(ec, std::make_shared<connection_type>(number, std::move(carrier), std::move(codec), options,
                                                       std::move(counts), owner, std::move(where)));
        };
        connector_.async_connect(executor, asio::bind_cancellation_slot(cancel->slot(), std::move(made)));
    }

    [[nodiscard]] std::optional<duration> retry_after() const override
    {
        if constexpr (requires { connector_.retry_after(); }) {
            return connector_.retry_after();
        } else {
            return std::nullopt;
        }
    }

    void cancel() override
    {
        if (const auto running = cancel_.lock()) {
            running->emit(asio::cancellation_type::terminal);
        }
    }

private:
    Connector connector_;
    Codec codec_; // each connection begins with a copy
    connection_options options_;
    std::shared_ptr<counters> counts_;
    std::weak_ptr<asio::cancellation_signal> cancel_; // of the newest attempt
};

} // namespace rejoinder::inline v0::detail

#endif
