// What it is: as much of kqueue as KqueueSelector uses, written on epoll, with the BSDs' names and signatures, so that
// the kqueue backend is compiled and run on Linux.
// When to use it: tests/selectors/kqueue_selector_test.cpp names it in CEDE_KQUEUE_HEADER. When not: anywhere else.
//
// As on the BSDs: the filters of an fd are separate, EV_ADD on a closed fd is EBADF, EV_DELETE of a filter that is not
// there is ENOENT, closing an fd removes its filters, the first change that fails ends the call, and without room for
// events the timeout is ignored. Unlike there: regular files are refused (EPERM), and timeouts are whole milliseconds.
// A queue belongs to one thread at a time.
#ifndef CEDE_TESTS_SUPPORT_KQUEUE_ON_EPOLL_HPP
#define CEDE_TESTS_SUPPORT_KQUEUE_ON_EPOLL_HPP

// A struct and a function of one name are what the BSDs have, in a system header too; -Wshadow objects elsewhere.
#pragma GCC system_header

#include <cstdint>

#include <time.h>

struct kevent {
    std::uintptr_t ident;
    short filter;
    unsigned short flags;
    unsigned int fflags;
    std::intptr_t data;
    void* udata;
};

constexpr short EVFILT_READ = -1;
constexpr short EVFILT_WRITE = -2;
constexpr unsigned short EV_ADD = 0x0001;
constexpr unsigned short EV_DELETE = 0x0002;
constexpr unsigned short EV_EOF = 0x8000;

int kqueue();
int kevent(int queue, const struct kevent* changes, int change_count, struct kevent* events, int event_count,
           const timespec* timeout);

#endif
