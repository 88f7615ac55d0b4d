#pragma once

#include <memory>
#include <optional>

namespace course {

/// Keeps the load on one processor and the servers on another, so that neither takes the other's time and no round
/// happens to run on a different pair. Undone on destruction.
class Pinning {
public:
    /// Whether this process may use two processors or more.
    static bool possible();

    /// Puts this process on the load's processor, if `wanted`; otherwise does nothing, nor will it later.
    explicit Pinning(bool wanted);
    ~Pinning();
    Pinning(const Pinning&) = delete;
    Pinning& operator=(const Pinning&) = delete;

    [[nodiscard]] bool active() const { return active_; }
    [[nodiscard]] unsigned server_processor() const { return server_; }
    [[nodiscard]] unsigned load_processor() const { return load_; }

    /// While it lives, a process that is started begins life on the servers' processor, and stays there.
    class ForServer {
    public:
        explicit ForServer(const Pinning& pinning);
        ~ForServer();
        ForServer(const ForServer&) = delete;
        ForServer& operator=(const ForServer&) = delete;

    private:
        const Pinning& pinning_;
    };

    /// Puts a process that was there before, wineserver, on the servers' processor.
    void adopt(std::optional<int> process);

private:
    struct Before;  // what is to be put back

    bool active_ = false;
    unsigned server_ = 0;
    unsigned load_ = 0;
    std::unique_ptr<Before> before_;
};

}  // namespace course
