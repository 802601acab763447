// What a handler throws to answer with an error of the application.
#ifndef REJOINDER_NET_FAILURE_HPP
#define REJOINDER_NET_FAILURE_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// An answer that says no: a handler throws it, the asker gets its code, text and data with `errc::remote_error`.
///
/// A code that is the name of an `errc` reaches the asker as that kind, with all that the kind says of certainty: choose other names, unless
/// that is what you mean. An empty code counts as `handler_error`. Copying throws nothing.
class failure : public std::runtime_error {
public:
    /// `code` is for programs ("out_of_stock"), `text` for people.
    explicit failure(std::string_view code, const std::string& text = {}) : failure(code, text, no_payload{}) {}

    /// `data` is whatever else the asker needs; throws what writing it throws.
    template <class T>
        requires writable_payload<T>
    failure(std::string_view code, const std::string& text, const T& data) : std::runtime_error(text)
    {
        details said{std::string{code}};
        said.form = write_payload(data, said.data);
        said_ = std::make_shared<const details>(std::move(said));
    }

    [[nodiscard]] const std::string& code() const noexcept { return said_->code; }
    [[nodiscard]] payload_view data() const noexcept { return {said_->data, said_->form}; }

private:
    struct details {
        explicit details(std::string name) noexcept : code(std::move(name)) {}

        std::string code;
        std::string data;
        encoding form = encoding::text;
    };

    std::shared_ptr<const details> said_;
};

} // namespace rejoinder::inline v0

#endif
