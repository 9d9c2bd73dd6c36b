// What it is: the network members of EventLoop, declared here and defined by the net room. When to use it: as members of
// a loop; this class has no life of its own.
#ifndef CEDE_LOOP_LOOP_NETWORK_HPP
#define CEDE_LOOP_LOOP_NETWORK_HPP

#include "cede/base/fwd.hpp"

namespace cede {

class LoopNetwork {
protected:
    LoopNetwork() noexcept = default;
    virtual ~LoopNetwork();
};

}  // namespace cede

#endif
