#include "common/testing/conversation.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "common/testing/test_client.h"
#include "common/tools/load/pattern.h"

namespace course {

Conversation::Conversation(TestClient client, const Plan& plan, std::uint64_t seed)
    : client_(std::move(client)), plan_(plan), pattern_(seed), random_(seed) {}

bool Conversation::done() const {
    if (ended_) return true;
    const bool all_sent = sent_ == plan_.bytes && (!plan_.finish || finished_sending_);
    return all_sent && (!plan_.read || (received_ == plan_.bytes && !plan_.finish));
}

short Conversation::interest() const {
    short events = 0;
    if (plan_.read) events = static_cast<short>(events | POLLRDNORM);
    if (sent_ < plan_.bytes || (plan_.finish && !finished_sending_)) events = static_cast<short>(events | POLLWRNORM);
    return events;
}

std::size_t Conversation::draw(std::size_t largest) {
    return plan_.random_sizes ? std::uniform_int_distribution<std::size_t>{1, largest}(random_) : largest;
}

bool Conversation::step() try {
    const bool sent = send_step();
    return receive_step() || sent;
} catch (const ConnectionLost&) {
    if (!plan_.may_be_cut_short) throw;
    ended_ = true;
    return true;
}

bool Conversation::send_step() {
    bool moved = false;
    if (sent_ < plan_.bytes) {
        buffer_.resize(std::max({buffer_.size(), plan_.largest_send, plan_.largest_receive}));
        const std::uint64_t left = plan_.bytes - sent_;
        const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(draw(plan_.largest_send), left));
        pattern_.fill({buffer_.data(), size}, sent_);
        const std::size_t taken = client_.try_send({buffer_.data(), size});
        sent_ += taken;
        moved = taken > 0;
    }
    if (sent_ == plan_.bytes && plan_.finish && !finished_sending_) {
        client_.finish_sending();
        finished_sending_ = true;
        moved = true;
    }
    return moved;
}

bool Conversation::receive_step() {
    if (!plan_.read || ended_) return false;
    buffer_.resize(std::max(buffer_.size(), plan_.largest_receive));
    const auto got = client_.try_receive({buffer_.data(), draw(plan_.largest_receive)});
    if (!got) return false;
    const std::string where = " (" + std::to_string(sent_) + " sent, " + std::to_string(received_) + " received)";
    if (*got == 0) {
        if (!plan_.may_be_cut_short && !finished_sending_)
            throw std::runtime_error("the server sent FIN before the client did" + where);
        if (!plan_.may_be_cut_short && received_ < sent_)
            throw std::runtime_error("the server sent FIN, but did not echo everything before" + where);
        ended_ = true;
        return true;
    }
    if (received_ + *got > sent_) throw std::runtime_error("more came back than was sent" + where);
    if (const auto wrong = pattern_.mismatch({buffer_.data(), *got}, received_))
        throw std::runtime_error("byte " + std::to_string(received_ + *wrong) +
                                 " of the echo is wrong or out of place" + where);
    received_ += *got;
    return true;
}

void converse(std::span<Conversation> conversations, std::chrono::milliseconds patience,
              const std::function<bool()>& enough) {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds look{20};
    auto last_progress = Clock::now();
    std::vector<WSAPOLLFD> polls;
    std::vector<Conversation*> polled;
    while (!enough || !enough()) {
        polls.clear();
        polled.clear();
        for (Conversation& c : conversations) {
            if (c.done()) continue;
            polls.push_back({c.client().socket(), c.interest(), 0});
            polled.push_back(&c);
        }
        if (polls.empty() && !enough) return;
        if (polls.empty()) {  // all have ended, but the caller waits for something else
            ::Sleep(static_cast<DWORD>(look.count()));
        } else {
            const int ready = ::WSAPoll(polls.data(), static_cast<ULONG>(polls.size()), static_cast<int>(look.count()));
            if (ready == SOCKET_ERROR)
                throw std::runtime_error("WSAPoll failed with " + std::to_string(::WSAGetLastError()));
            for (std::size_t i = 0; ready > 0 && i < polls.size(); ++i)
                if (polls[i].revents && polled[i]->step()) last_progress = Clock::now();
        }
        if (Clock::now() - last_progress < patience) continue;
        if (enough && enough()) return;  // it may have been this process that got no time
        std::string state;
        for (const Conversation* c : polled) {
            state += (state.empty() ? "" : "; ") + std::to_string(c->sent()) + " bytes sent, " +
                     std::to_string(c->received()) + " came back";
            if (state.size() > 500) break;
        }
        throw TimedOut("nothing moved for " + std::to_string(patience.count()) + " ms: " + state);
    }
}

}  // namespace course
