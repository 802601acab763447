// A responder of one type takes no answer of another.
// expects: (no matching|convert|constraint|viable)
#include <rejoinder/net/responder.hpp>

#include <string>

void finish(rejoinder::responder_of<std::string> later)
{
#ifdef REFUSED
    later.answer(17);
#else
    later.answer("seventeen");
#endif
}
