// A codec that cannot read is refused by the concept, in a line that names it.
// expects: (codec|constraint)
// expects: decode
#include <rejoinder/core/codec.hpp>

struct reader_and_writer {
    rejoinder::capabilities features() const { return {}; }
    template <class Message>
    rejoinder::encoding encode(const Message&, std::string&)
    {
        return rejoinder::encoding::text;
    }
#ifndef REFUSED
    rejoinder::decoded decode(rejoinder::frame_view, rejoinder::message&) { return rejoinder::decoded::bad; }
#endif
    bool decode(const rejoinder::message&, rejoinder::hello&) { return false; }
    bool decode(const rejoinder::message&, rejoinder::welcome&) { return false; }
};

template <rejoinder::codec Codec>
void speak(Codec)
{
}

void use()
{
    speak(reader_and_writer{});
}
