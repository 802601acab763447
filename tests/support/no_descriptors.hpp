// A process that is out of descriptors.
#ifndef REJOINDER_TESTS_SUPPORT_NO_DESCRIPTORS_HPP
#define REJOINDER_TESTS_SUPPORT_NO_DESCRIPTORS_HPP

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vector>

/// Takes all descriptors that the process may have, but a few.
class no_descriptors {
public:
    explicit no_descriptors(int but)
    {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit less = before_;
        less.rlim_cur = 128;
        ::setrlimit(RLIMIT_NOFILE, &less);
        for (int one = ::open("/dev/null", O_RDONLY); one >= 0; one = ::open("/dev/null", O_RDONLY)) {
            taken_.push_back(one);
        }
        give(but);
    }
    ~no_descriptors()
    {
        give(static_cast<int>(taken_.size()));
        ::setrlimit(RLIMIT_NOFILE, &before_);
    }

    void give(int count)
    {
        for (; count > 0 && !taken_.empty(); --count) {
            ::close(taken_.back());
            taken_.pop_back();
        }
    }

private:
    rlimit before_{};
    std::vector<int> taken_;
};

#endif
