// The sending half of a channel without its socket: frames in, one run of bytes to write out.
#ifndef REJOINDER_CHANNEL_DETAIL_OUTBOUND_HPP
#define REJOINDER_CHANNEL_DETAIL_OUTBOUND_HPP

#include <rejoinder/channel/recycled_strings.hpp>

#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Two buffers: one is filled while the other is written. Both are the thread's recycled memory while they hold bytes,
/// and none when they don't. Whoever fills it bounds it by `pending`. Of a `framing`, `Framing` has the writing half.
template <class Framing>
class outbound {
public:
    explicit outbound(Framing framing) : framing_(std::move(framing)) {}

    /// Bytes committed and not yet written.
    std::size_t pending() const noexcept { return committed_ + rest().size(); }

    /// Bytes of memory held.
    std::size_t held() const noexcept { return filling_.capacity() + writing_.capacity(); }

    /// What is to be written now.
    std::string_view rest() const noexcept { return std::string_view{writing_}.substr(written_); }

    bool carries(encoding form) const
    {
        // A framing tells by trying; one byte that every text may have.
        std::string trial;
        const auto mark = framing_.open(trial);
        trial.push_back('0');
        return framing_.close(trial, mark, form);
    }

    std::string& begin()
    {
        if (filling_.empty() && filling_.capacity() <= std::string{}.capacity()) {
            filling_ = recycled_strings::take();
        }
        filling_.resize(committed_);
        mark_ = framing_.open(filling_);
        return filling_;
    }

    bool commit(encoding form)
    {
        if (!framing_.close(filling_, mark_, form)) {
            filling_.resize(committed_);
            return false;
        }
        committed_ = filling_.size();
        return true;
    }

    /// Commits `bytes`, which are whole frames already. No frame begun.
    void append(std::string_view bytes)
    {
        begin();
        filling_.resize(committed_);
        filling_.append(bytes);
        committed_ = filling_.size();
    }

    /// Puts `bytes`, whole frames, into the run that is written: behind what has begun, before what is committed.
    void urge(std::string_view bytes)
    {
        if (rest().empty()) {
            writing_ = recycled_strings::take(bytes.size());
            written_ = 0;
        }
        writing_.append(bytes);
    }

    /// Makes all that is committed the run of bytes to be written.
    void start()
    {
        filling_.resize(committed_);
        committed_ = 0;
        if (rest().empty()) {
            writing_.clear();
            written_ = 0;
            writing_.swap(filling_);
            return;
        }
        // A cancelled flush left part of a run, whose frame must be finished before anything else.
        writing_.append(filling_);
        recycled_strings::give(std::exchange(filling_, {}));
    }

    void wrote(std::size_t count)
    {
        written_ += count;
        if (written_ == writing_.size()) {
            recycled_strings::give(std::exchange(writing_, {}));
            written_ = 0;
        }
    }

    /// The run of bytes, for a link that moves memory and not bytes.
    std::string detach() { return std::exchange(writing_, {}); }

private:
    Framing framing_;
    std::string filling_{};
    std::size_t committed_ = 0; // of `filling_`; behind it the open frame
    std::size_t mark_ = 0;
    std::string writing_{};
    std::size_t written_ = 0; // of `writing_`
};

} // namespace rejoinder::inline v0::detail

#endif
