// A flag that is up while a scope lasts, also when an exception ends it.
#ifndef REJOINDER_NET_DETAIL_RAISED_HPP
#define REJOINDER_NET_DETAIL_RAISED_HPP

namespace rejoinder::inline v0::detail {

class raised {
public:
    explicit raised(bool& flag) noexcept : flag_(flag) { flag_ = true; }
    raised(const raised&) = delete;
    raised& operator=(const raised&) = delete;
    ~raised() { flag_ = false; }

private:
    bool& flag_;
};

} // namespace rejoinder::inline v0::detail

#endif
