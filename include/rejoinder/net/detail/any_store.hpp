// A store with its type erased.
#ifndef REJOINDER_NET_DETAIL_ANY_STORE_HPP
#define REJOINDER_NET_DETAIL_ANY_STORE_HPP

#include <rejoinder/core/store.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// A store's transaction, which only whoever knows its type can use.
class any_transaction {
public:
    any_transaction() noexcept = default;
    template <class Transaction>
    explicit any_transaction(Transaction& real) noexcept : type_(&typeid(Transaction)), real_(&real)
    {}

    [[nodiscard]] const std::type_info& type() const noexcept { return *type_; }
    /// Precondition: that is its type.
    template <class Transaction>
    [[nodiscard]] Transaction& as() const noexcept
    {
        return *static_cast<Transaction*>(real_);
    }

private:
    const std::type_info* type_ = &typeid(void);
    void* real_ = nullptr;
};

/// Models `store`.
class any_store {
public:
    using transaction_type = any_transaction;

    // Whether this is a store must not be asked to learn whether it is one.
    template <class Store>
        requires(!std::same_as<Store, any_store> && store<Store>)
    explicit any_store(Store real) : port_(std::make_unique<adapter<Store>>(std::move(real)))
    {}

    [[nodiscard]] std::string_view name() const { return port_->name(); }
    [[nodiscard]] any_transaction& transaction() { return port_->transaction(); }
    std::error_code begin() { return port_->begin(); }
    std::error_code commit() { return port_->commit(); }
    std::error_code rollback() { return port_->rollback(); }
    std::error_code mark() { return port_->mark(); }
    std::error_code undo() { return port_->undo(); }
    std::error_code open_outbox(const stored_outbox& fresh, stored_outbox& out)
    {
        return port_->open_outbox(fresh, out);
    }
    std::error_code put(const stored_message& message) { return port_->put(message); }
    std::error_code remove(std::uint64_t sequence) { return port_->remove(sequence); }
    std::error_code set_peer(std::string_view name) { return port_->set_peer(name); }
    std::error_code find(const record_owner& owner, known_outbox& out, bool& found)
    {
        return port_->find(owner, out, found);
    }
    std::error_code write(const record_owner& owner, const known_outbox& known) { return port_->write(owner, known); }
    std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all)
    {
        return port_->outboxes(identity, own, all);
    }
    std::error_code forget(wall_time seen_before) { return port_->forget(seen_before); }
    std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out, bool& found)
    {
        return port_->find(owner, sequence, out, found);
    }
    std::error_code write(const record_owner& owner, std::uint64_t sequence, const stored_record& record)
    {
        return port_->write(owner, sequence, record);
    }
    std::error_code drop(const record_owner& owner, std::uint64_t sequence) { return port_->drop(owner, sequence); }
    std::error_code drop_below(const record_owner& owner, std::uint64_t sequence)
    {
        return port_->drop_below(owner, sequence);
    }
    std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out)
    {
        return port_->sequences(owner, out);
    }

private:
    class port {
    public:
        virtual ~port() = default;
        [[nodiscard]] virtual std::string_view name() const = 0;
        virtual any_transaction& transaction() = 0;
        virtual std::error_code begin() = 0;
        virtual std::error_code commit() = 0;
        virtual std::error_code rollback() = 0;
        virtual std::error_code mark() = 0;
        virtual std::error_code undo() = 0;
        virtual std::error_code open_outbox(const stored_outbox& fresh, stored_outbox& out) = 0;
        virtual std::error_code put(const stored_message& message) = 0;
        virtual std::error_code remove(std::uint64_t sequence) = 0;
        virtual std::error_code set_peer(std::string_view name) = 0;
        virtual std::error_code find(const record_owner& owner, known_outbox& out, bool& found) = 0;
        virtual std::error_code write(const record_owner& owner, const known_outbox& known) = 0;
        virtual std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all) = 0;
        virtual std::error_code forget(wall_time seen_before) = 0;
        virtual std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out,
                                     bool& found) = 0;
        virtual std::error_code write(const record_owner& owner, std::uint64_t sequence,
                                      const stored_record& record) = 0;
        virtual std::error_code drop(const record_owner& owner, std::uint64_t sequence) = 0;
        virtual std::error_code drop_below(const record_owner& owner, std::uint64_t sequence) = 0;
        virtual std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out) = 0;
    };

    template <class Store>
    class adapter final : public port {
    public:
        explicit adapter(Store real) : real_(std::move(real)) {}

        std::string_view name() const override { return real_.name(); }
        any_transaction& transaction() override { return transaction_ = any_transaction{real_.transaction()}; }
        std::error_code begin() override { return real_.begin(); }
        std::error_code commit() override { return real_.commit(); }
        std::error_code rollback() override { return real_.rollback(); }
        std::error_code mark() override { return real_.mark(); }
        std::error_code undo() override { return real_.undo(); }
        std::error_code open_outbox(const stored_outbox& fresh, stored_outbox& out) override
        {
            return real_.open_outbox(fresh, out);
        }
        std::error_code put(const stored_message& message) override { return real_.put(message); }
        std::error_code remove(std::uint64_t sequence) override { return real_.remove(sequence); }
        std::error_code set_peer(std::string_view name) override { return real_.set_peer(name); }
        std::error_code find(const record_owner& owner, known_outbox& out, bool& found) override
        {
            return real_.find(owner, out, found);
        }
        std::error_code write(const record_owner& owner, const known_outbox& known) override
        {
            return real_.write(owner, known);
        }
        std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all) override
        {
            return real_.outboxes(identity, own, all);
        }
        std::error_code forget(wall_time seen_before) override { return real_.forget(seen_before); }
        std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out,
                             bool& found) override
        {
            return real_.find(owner, sequence, out, found);
        }
        std::error_code write(const record_owner& owner, std::uint64_t sequence, const stored_record& record) override
        {
            return real_.write(owner, sequence, record);
        }
        std::error_code drop(const record_owner& owner, std::uint64_t sequence) override
        {
            return real_.drop(owner, sequence);
        }
        std::error_code drop_below(const record_owner& owner, std::uint64_t sequence) override
        {
            return real_.drop_below(owner, sequence);
        }
        std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out) override
        {
            return real_.sequences(owner, out);
        }

    private:
        Store real_;
        any_transaction transaction_;
    };

    std::unique_ptr<port> port_;
};

static_assert(store<any_store>);

} // namespace rejoinder::inline v0::detail

#endif
