#pragma once

#include <cassert>

/// What the receiving side of a session is doing.
enum class ReceiveState {
    due,         ///< its turn is to come or running: no receive is in flight, and the buffer is ours
    in_flight,   ///< a receive is in flight, and the buffer is lent to the kernel
    cancelling,  ///< that receive is being cancelled, to take the buffer away from an idle session
    paused,      ///< it does not receive, for too much is still to be sent
    finished     ///< it will not receive again: the peer has finished sending, or the session is closing
};

/// What the sending side is doing.
enum class SendState {
    idle,      ///< nothing is lent to the kernel
    in_flight  ///< a send is in flight, and what is to be sent next gathers behind it
};

/// Where the session is in its life.
enum class LifeState {
    open,     ///< it receives and sends
    closing,  ///< its end is decided: it sends nothing more, and what is in flight is cancelled
    closed    ///< both sides are done: its last turn is due, or over
};

// Which steps there are, and what brings each about.

constexpr bool is_step(ReceiveState from, ReceiveState to) {
    using enum ReceiveState;
    switch (from) {
        case due:
            return to == in_flight     // WSARecv
                   || to == paused     // the peer does not read, and too much waits to be sent
                   || to == finished;  // the peer's FIN, a failed receive, or the session is closing
        case in_flight:
            return to == due             // the receive is complete: at once, or its packet has come
                   || to == cancelling;  // the session has been silent for too long to keep its buffer
        case cancelling:
            return to == due;  // the packet has come, with data if that was faster
        case paused:
            return to == due           // all has been sent
                   || to == finished;  // the session is closing, and no packet will come that would tell
        case finished:
            return false;
    }
    return false;
}

constexpr bool is_step(SendState from, SendState to) { return from != to; }

constexpr bool is_step(LifeState from, LifeState to) {
    using enum LifeState;
    return (from == open && to == closing)    // close(), a failed call, or one of the server's limits
           || (from == open && to == closed)  // the peer has finished sending, and everything for it has been sent
           || (from == closing && to == closed);
}

/// A state that changes by these steps alone: any other does not compile. Searching for step< finds every change.
template <class State>
class StateMachine {
public:
    explicit StateMachine(State first) : state_(first) {}

    [[nodiscard]] bool is(State state) const { return state_ == state; }

    /// Goes on to `to`; it must be in `from`.
    template <State from, State to>
    void step() {
        static_assert(is_step(from, to));
        assert(state_ == from);
        state_ = to;
    }

    /// Goes on to `to` if it is in `from`. @return whether it was
    template <State from, State to>
    bool try_step() {
        if (state_ != from) return false;
        step<from, to>();
        return true;
    }

private:
    State state_;
};
