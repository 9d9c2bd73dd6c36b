// What it is: the base of what a loop keeps alive until it is done, which is its tasks. When to use it: inside the
// library.
#ifndef CEDE_LOOP_LOOP_OWNED_HPP
#define CEDE_LOOP_LOOP_OWNED_HPP

namespace cede {
namespace detail {

class LoopOwned {
public:
    // The loop closes and this is not done: report it, unwind it, and leave the list.
    virtual void loop_closes() noexcept = 0;
    // The loop has nothing to do: give back what is kept for no reason. Must not schedule anything, nor leave the list.
    virtual void loop_rests() noexcept {}

protected:
    LoopOwned() noexcept = default;
    ~LoopOwned() = default;

private:
    friend class OwnedList;
    LoopOwned* owned_next_ = nullptr;
    LoopOwned* owned_previous_ = nullptr;
};

}  // namespace detail
}  // namespace cede

#endif
