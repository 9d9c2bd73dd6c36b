// What it is: the translation between event masks and the bits of poll and epoll, which differ in name only.
#ifndef CEDE_SRC_SELECTORS_EVENT_BITS_HPP
#define CEDE_SRC_SELECTORS_EVENT_BITS_HPP

#include "cede/selectors/selector_key.hpp"

namespace cede {
namespace selectors {
namespace detail {

template <unsigned In, unsigned Out>
struct EventBits {
    static constexpr unsigned from_mask(EventMask events) noexcept {
        return ((events & EVENT_READ) != 0 ? In : 0u) | ((events & EVENT_WRITE) != 0 ? Out : 0u);
    }

    // "Anything but writable" is readable and the other way round: HUP, ERR and NVAL come unasked and without IN or
    // OUT, and must reach whoever is registered, or a dead fd would be reported to nobody, for ever.
    static constexpr EventMask to_mask(unsigned bits) noexcept {
        return ((bits & ~Out) != 0 ? EVENT_READ : 0) | ((bits & ~In) != 0 ? EVENT_WRITE : 0);
    }
};

}  // namespace detail
}  // namespace selectors
}  // namespace cede

#endif
