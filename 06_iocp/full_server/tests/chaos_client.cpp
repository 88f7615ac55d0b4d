#include "06_iocp/full_server/tests/chaos_client.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <vector>
#include "common/testing/conversation.h"
#include "common/testing/test_client.h"

namespace {

using course::Conversation;
using Clock = std::chrono::steady_clock;

class ChaosClient {
public:
    ChaosClient(std::mt19937_64& random, bool cut_short)
        : fate_(static_cast<Fate>(random() % fates)),
          seed_(random()),
          bytes_(1 + random() % (std::uint64_t{1} << random() % 22)),
          turning_point_(random() % bytes_),
          rest_(random() % 300),
          cut_short_(cut_short) {}

    Conversation begin(const std::function<course::TestClient(int)>& connect) const {
        return {connect(fate_ == Fate::stalls ? 16384 : 0), plan(), seed_};
    }

    // Looks at how far it is, and does what its fate says. Returns whether it is over.
    bool act(Conversation& conversation) {
        if (conversation.done()) {
            if (turned_ || (fate_ != Fate::stays_idle && fate_ != Fate::stalls)) return true;
            if (!turned_at_) turned_at_ = Clock::now();  // its first half is over: a rest
            if (Clock::now() < *turned_at_ + rest_) return false;
            turned_ = true;
            conversation.plan_further(plan());
            return conversation.done();  // closed by the server meanwhile
        }
        switch (fate_) {
            case Fate::stalls:  // unread, until nothing has moved for its time of rest
                if (turned_) return false;
                if (conversation.sent() != seen_ || !turned_at_) {
                    seen_ = conversation.sent();
                    turned_at_ = Clock::now();
                } else if (Clock::now() >= *turned_at_ + rest_) {
                    turned_ = true;
                    conversation.plan_further(plan());
                }
                return false;
            case Fate::resets:
                if (conversation.received() < turning_point_) return false;
                conversation.client().reset();
                return true;
            case Fate::vanishes:
                if (conversation.sent() <= turning_point_) return false;
                conversation.client().close();
                return true;
            default:
                return false;
        }
    }

    [[nodiscard]] Fate fate() const { return fate_; }

private:
    [[nodiscard]] Conversation::Plan plan() const {
        const bool first_half = !turned_ && (fate_ == Fate::stays_idle || fate_ == Fate::stalls);
        return {.bytes = first_half && fate_ == Fate::stays_idle ? turning_point_ : bytes_,
                .random_sizes = true,
                .read = !(first_half && fate_ == Fate::stalls),
                .finish = !first_half,
                .may_be_cut_short = cut_short_};
    }

    Fate fate_;
    std::uint64_t seed_, bytes_, turning_point_;
    std::chrono::milliseconds rest_;
    bool cut_short_;
    bool turned_ = false;
    std::uint64_t seen_ = 0;
    std::optional<Clock::time_point> turned_at_;
};

}  // namespace

const char* to_string(Fate fate) {
    switch (fate) {
        case Fate::talks:
            return "talked";
        case Fate::stays_idle:
            return "were idle";
        case Fate::stalls:
            return "stalled";
        case Fate::resets:
            return "reset";
        case Fate::vanishes:
            return "vanished";
    }
    return "";
}

ChaosCounts run_chaos_clients(std::size_t clients, std::mt19937_64 random, bool cut_short,
                              const std::function<course::TestClient(int receive_buffer)>& connect,
                              const std::function<bool()>& over) {
    ChaosCounts counts;
    std::vector<ChaosClient> who;
    std::vector<Conversation> conversations;
    for (std::size_t i = 0; i < clients; ++i) {
        who.emplace_back(random, cut_short);
        conversations.push_back(who.back().begin(connect));
    }
    std::vector<bool> gone(clients);
    course::converse(conversations, std::chrono::seconds{60}, [&] {
        const bool no_more = over();
        for (std::size_t i = 0; i < clients; ++i) {
            Conversation& conversation = conversations[i];
            if (gone[i] || !who[i].act(conversation)) continue;
            ++counts.ended[static_cast<std::size_t>(who[i].fate())];
            counts.bytes += conversation.received();
            gone[i] = no_more;
            if (no_more) {
                conversation.plan_further({.bytes = conversation.sent(), .read = false, .finish = false});  // done
            } else {
                who[i] = ChaosClient{random, cut_short};
                conversation = who[i].begin(connect);
            }
        }
        return std::ranges::all_of(gone, [](bool is) { return is; });
    });
    return counts;
}
