// Which sessions are in which rooms.
#ifndef REJOINDER_NET_DETAIL_ROOMS_HPP
#define REJOINDER_NET_DETAIL_ROOMS_HPP

#include <rejoinder/core/admission.hpp>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Rooms exist while somebody is in them. Bounded by the sessions and by what the program joins: peers join nothing themselves.
class rooms {
public:
    void join(const std::string& room, session_id session)
    {
        auto& inside = members_[room];
        if (std::find(inside.begin(), inside.end(), session) == inside.end()) {
            inside.push_back(session);
            joined_[session].push_back(room);
        }
    }

    void leave(const std::string& room, session_id session)
    {
        take_out(room, session);
        if (const auto found = joined_.find(session); found != joined_.end()) {
            std::erase(found->second, room);
            if (found->second.empty()) {
                joined_.erase(found);
            }
        }
    }

    void leave_all(session_id session)
    {
        const auto found = joined_.find(session);
        if (found == joined_.end()) {
            return;
        }
        for (const auto& room : found->second) {
            take_out(room, session);
        }
        joined_.erase(found);
    }

    /// The sessions in a room, in the order in which they joined.
    [[nodiscard]] std::vector<session_id> inside(const std::string& room) const
    {
        const auto found = members_.find(room);
        return found == members_.end() ? std::vector<session_id>{} : found->second;
    }

    [[nodiscard]] std::vector<std::string> of(session_id session) const
    {
        const auto found = joined_.find(session);
        return found == joined_.end() ? std::vector<std::string>{} : found->second;
    }

private:
    void take_out(const std::string& room, session_id session)
    {
        const auto found = members_.find(room);
        if (found == members_.end()) {
            return;
        }
        std::erase(found->second, session);
        if (found->second.empty()) {
            members_.erase(found);
        }
    }

    std::unordered_map<std::string, std::vector<session_id>> members_;
    std::unordered_map<session_id, std::vector<std::string>> joined_;
};

} // namespace rejoinder::inline v0::detail

#endif
