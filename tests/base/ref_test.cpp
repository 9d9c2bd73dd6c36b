#include <boost/test/unit_test.hpp>

#include <utility>

#include "cede/base/ref.hpp"

namespace {

struct Object {
    int references = 0;
    bool released = false;
};
void ref_acquire(Object* object) noexcept { ++object->references; }
void ref_release(Object* object) noexcept {
    if (--object->references == 0) object->released = true;
}
struct Derived : Object {};

using Ref = cede::detail::Ref<Object>;

}  // namespace

BOOST_AUTO_TEST_SUITE(ref)

BOOST_AUTO_TEST_CASE(copies_count_and_moves_do_not) {
    Object object;
    {
        Ref first(&object);
        BOOST_TEST(object.references == 1);
        Ref second(first);
        BOOST_TEST(object.references == 2);
        Ref third(std::move(second));
        BOOST_TEST(object.references == 2);
        BOOST_TEST(!second);
        BOOST_CHECK(first == third);
        BOOST_CHECK(first != second);
        second = first;
        BOOST_TEST(object.references == 3);
        second = nullptr;
        BOOST_TEST(object.references == 2);
        BOOST_TEST(first->references == 2);
        BOOST_TEST((*first).references == 2);
    }
    BOOST_TEST(object.released);
}

BOOST_AUTO_TEST_CASE(assigning_itself_keeps_the_object) {
    Object object;
    Ref ref(&object);
    Ref& same = ref;
    ref = same;
    BOOST_TEST(object.references == 1);
    ref = std::move(same);
    BOOST_TEST(object.references == 1);
    BOOST_TEST(!object.released);
}

BOOST_AUTO_TEST_CASE(assignment_releases_the_one_before) {
    Object one;
    Object two;
    Ref ref(&one);
    ref = Ref(&two);
    BOOST_TEST(one.released);
    BOOST_TEST(two.references == 1);
}

BOOST_AUTO_TEST_CASE(a_count_can_be_taken_over_and_given_away) {
    Object object;
    object.references = 1;
    Ref ref = Ref::adopt(&object);
    BOOST_TEST(object.references == 1);
    Object* plain = ref.detach();
    BOOST_TEST(plain == &object);
    BOOST_TEST(!ref);
    BOOST_TEST(object.references == 1);
    Ref::adopt(plain);
    BOOST_TEST(object.released);
}

BOOST_AUTO_TEST_CASE(it_converts_to_a_base) {
    Derived derived;
    cede::detail::Ref<Derived> ref(&derived);
    Ref base = ref;
    BOOST_TEST(derived.references == 2);
    base = std::move(ref);
    BOOST_TEST(derived.references == 1);
    BOOST_TEST(Ref(nullptr).get() == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
