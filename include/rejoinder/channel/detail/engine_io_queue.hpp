// What an Engine.IO session has to send and has received, until somebody takes it.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_QUEUE_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_QUEUE_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/message.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Messages in a row, their bytes in one string.
class engine_io_queue {
public:
    /// What a message holds beside its bytes, counted so that a bound on bytes bounds many small ones, too.
    static constexpr std::size_t overhead = 16;

    engine_io_queue() = default;
    engine_io_queue(const engine_io_queue&) = delete;
    engine_io_queue& operator=(const engine_io_queue&) = delete;
    ~engine_io_queue() { recycled_strings::give(std::move(bytes_)); }

    [[nodiscard]] bool empty() const noexcept { return first_ == entries_.size(); }
    [[nodiscard]] std::size_t count() const noexcept { return entries_.size() - first_; }
    /// Bytes and overhead of what is committed.
    [[nodiscard]] std::size_t weight() const noexcept { return committed_ - taken_ + overhead * count(); }

    /// Begins a message; the caller appends it to the string. Drops one begun and not committed.
    std::string& begin()
    {
        drop_begun();
        if (bytes_.empty() && bytes_.capacity() <= std::string{}.capacity()) {
            bytes_ = recycled_strings::take();
            bytes_.clear();
        }
        return bytes_;
    }
    void drop_begun() { bytes_.resize(committed_); }
    [[nodiscard]] std::string_view begun() const noexcept { return std::string_view{bytes_}.substr(committed_); }
    void commit(encoding form)
    {
        entries_.push_back({bytes_.size() - committed_, form});
        committed_ = bytes_.size();
    }

    void push(const frame_view& frame)
    {
        begin().append(frame.bytes);
        commit(frame.form);
    }

    /// The oldest; valid until the next call. Not empty.
    [[nodiscard]] frame_view front() const noexcept
    {
        return {std::string_view{bytes_}.substr(taken_, entries_[first_].size), entries_[first_].form};
    }
    void pop()
    {
        taken_ += entries_[first_++].size;
        if (bytes_.size() == committed_ && (empty() || taken_ > bytes_.size() / 2)) {
            tidy();
        }
    }

    /// Hands over all that is committed: the views are into `storage`. Nothing is begun.
    void take_all(std::string& storage, std::vector<frame_view>& frames)
    {
        storage.swap(bytes_);
        const std::string_view all{storage};
        for (auto at = taken_; first_ != entries_.size(); ++first_) {
            frames.push_back({all.substr(at, entries_[first_].size), entries_[first_].form});
            at += entries_[first_].size;
        }
        bytes_.clear();
        reset();
    }

    void clear()
    {
        recycled_strings::give(std::exchange(bytes_, {}));
        reset();
    }

private:
    static constexpr std::size_t entries_kept_max = 64;
    static constexpr unsigned little_uses_max = 16; // a busy line has some among its large ones

    struct entry {
        std::size_t size;
        encoding form;
    };

    void tidy()
    {
        if (empty()) {
            clear();
            return;
        }
        most_ = std::max(most_, entries_.size());
        bytes_.erase(0, taken_);
        committed_ -= taken_;
        taken_ = 0;
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }

    void reset()
    {
        most_ = std::max(most_, entries_.size());
        entries_.clear();
        if (most_ >= entries_.capacity() / 4) {
            little_uses_ = 0;
        } else if (most_ != 0 && ++little_uses_ == little_uses_max && entries_.capacity() > entries_kept_max) {
            std::vector<entry>{}.swap(entries_); // a burst is over
        }
        most_ = first_ = committed_ = taken_ = 0;
    }

    std::string bytes_;
    std::vector<entry> entries_;
    std::size_t first_ = 0;     // of the entries that are left
    std::size_t most_ = 0;      // entries since it was empty
    unsigned little_uses_ = 0;  // in a row: with few entries for the memory that is held
    std::size_t taken_ = 0;     // bytes of those before it
    std::size_t committed_ = 0; // bytes; what is behind them is begun
};

} // namespace rejoinder::inline v0::detail

#endif
