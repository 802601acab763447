// Lets an error's message say what the peer said, for as long as somebody on this thread is told of the error.
#ifndef REJOINDER_NET_DETAIL_SPOKEN_HPP
#define REJOINDER_NET_DETAIL_SPOKEN_HPP

#include <rejoinder/core/error.hpp>

#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

// Tokens that throw make a std::system_error from the code alone, inside the call of the handler; its `what()` is then all that a person sees.
struct spoken {
    int value = 0;
    std::string_view text{};
};

inline spoken& spoken_here() noexcept
{
    static thread_local spoken here;
    return here;
}

inline std::string_view spoken_about(int value) noexcept
{
    const spoken& here = spoken_here();
    return here.value == value ? here.text : std::string_view{};
}

// Set before main, so that no thread sees it change.
inline const bool spoken_is_heard = (spoken_text = &spoken_about, true);

/// While it lives, messages of codes equal to `about` on this thread end with `text`, which it borrows. Scopes nest.
class spoken_scope {
public:
    spoken_scope(const std::error_code& about, std::string_view text) noexcept : before_(spoken_here())
    {
        static_cast<void>(spoken_is_heard);
        const bool ours = about && about.category() == rejoinder_category();
        spoken_here() = ours ? spoken{about.value(), text} : spoken{};
    }
    spoken_scope(const spoken_scope&) = delete;
    spoken_scope& operator=(const spoken_scope&) = delete;
    ~spoken_scope() { spoken_here() = before_; }

private:
    spoken before_;
};

} // namespace rejoinder::inline v0::detail

#endif
