// A message with its bytes, for links of tests that carry messages rather than frames.
#ifndef REJOINDER_TESTING_OWNED_MESSAGE_HPP
#define REJOINDER_TESTING_OWNED_MESSAGE_HPP

#include <rejoinder/core/message.hpp>

#include <string>
#include <vector>

namespace rejoinder::inline v0::testing {

/// A copy of a message and of all that it borrowed. A value.
class owned_message {
public:
    owned_message() = default;

    explicit owned_message(const message& borrowed)
        : head_{borrowed}, name_{borrowed.name}, payload_{borrowed.payload.bytes}, text_{borrowed.text},
          key_{borrowed.key}, finished_{borrowed.finished.begin(), borrowed.finished.end()}
    {}

    /// The message, borrowing from this object until it changes.
    [[nodiscard]] message view() const noexcept
    {
        message whole = head_;
        whole.name = name_;
        whole.payload.bytes = payload_;
        whole.text = text_;
        whole.key = key_;
        whole.finished = finished_;
        return whole;
    }

private:
    message head_;
    std::string name_;
    std::string payload_;
    std::string text_;
    std::string key_;
    std::vector<message_id> finished_;
};

} // namespace rejoinder::inline v0::testing

#endif
