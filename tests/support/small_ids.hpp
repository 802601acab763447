// Ids of a session with few slots.
#ifndef REJOINDER_TESTS_SUPPORT_SMALL_IDS_HPP
#define REJOINDER_TESTS_SUPPORT_SMALL_IDS_HPP

#include <rejoinder/core/message.hpp>

#include <cstdint>

inline constexpr std::uint32_t capacity = 8;

constexpr rejoinder::message_id id_of(rejoinder::message_id generation, rejoinder::message_id slot)
{
    return generation * capacity + slot;
}

#endif
