// 001, "coroutine.send(), await, yield & StopIteration": how control is passed by hand.
//
// A coroutine that is sent values is a Generator here: it yields ints, is sent ints, and returns an int. What the text's
// `await custom_awaitable` does is `yield from`: every yield of the inner one goes up to whoever called send(), and every
// value sent goes down to it.
#include <cede/cede.hpp>
#include <iostream>

using Yield = cede::Yield<int, int>;
using Coroutine = cede::Generator<int, int, int>;

Coroutine custom_awaitable() {
    return [](Yield& yield) {
        const int value_sent_in = yield(7);
        std::cout << "Awaitable resumed with value: " << value_sent_in << ".\n";
        return value_sent_in;
    };
}

Coroutine simple_func() {
    return [](Yield& yield) {
        std::cout << "Beginning coroutine simple_func().\n";
        Coroutine awaitable = custom_awaitable();
        std::cout << "Awaiting custom_awaitable...\n";
        const int value_from_awaitable = yield.from(std::move(awaitable));
        std::cout << "Coroutine received value: " << value_from_awaitable << " from awaitable.\n";
        return 23;
    };
}

int main() {
    // Create the coroutine. Nothing of it runs yet.
    Coroutine coroutine = simple_func();

    // Begin it: there is no yield yet that could return a value, so this is next(), Python's send(None).
    const int intermediate = coroutine.next();
    std::cout << "Coroutine paused and returned intermediate value: " << intermediate << ".\n";

    std::cout << "Resuming coroutine and sending in value: 42.\n";
    try {
        coroutine.send(42);
    } catch (const cede::StopIteration<int>& stop) {
        std::cout << "Coroutine finished and provided value: " << stop.value << ".\n";
    }
}
