#include "interruptible.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace nb = nanobind;

namespace milepost::python {
namespace {

// How long Ctrl-C may go unnoticed.
constexpr std::chrono::milliseconds kPatience{20};

/// What the thread that works and the one that waits for it share.
class Watched {
public:
    explicit Watched(const ProgressFunction& progress) : progress_(progress) {}

    /// On whatever thread the library calls it.
    bool report(const Progress& progress) {
        if (is_stopped_) return false;
        if (progress_.is_none()) return true;
        const nb::gil_scoped_acquire gil;
        try {
            progress_(progress.done_nbytes, progress.total_nbytes);
        } catch (...) {
            failure_ = std::current_exception();
            is_stopped_ = true;
        }
        return !is_stopped_;
    }

    void stop() noexcept { is_stopped_ = true; }

    void set_done() {
        const std::lock_guard lock(mutex_);
        is_done_ = true;
        changed_.notify_all();
    }
    /// Whether it was done within the time.
    bool wait() {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return is_done_; });
    }

    void throw_failure() const {
        if (failure_) std::rethrow_exception(failure_);
    }

private:
    const ProgressFunction& progress_;
    std::atomic<bool> is_stopped_ = false;
    std::exception_ptr failure_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_done_ = false;
};

bool is_main_thread() {
    const nb::module_ threading = nb::module_::import_("threading");
    return threading.attr("current_thread")().is(threading.attr("main_thread")());
}

/// A thread, or none if the system has no more: then signals have to wait.
std::thread started(const std::function<void()>& work) {
    try {
        return std::thread(work);
    } catch (const std::system_error&) {
        return {};
    }
}

/// Waits until the work is done. Returns whether a signal handler has raised, which stays set.
bool wait_for(Watched& watched) {
    bool has_raised = false;
    while (true) {
        {
            const nb::gil_scoped_release released;
            if (watched.wait()) return has_raised;
        }
        if (!has_raised && PyErr_CheckSignals() != 0) {
            has_raised = true;
            watched.stop();
        }
    }
}

}  // namespace

void run_interruptible(const ProgressFunction& progress,
                       const std::function<void(const ProgressCallback&)>& call) {
    Watched watched(progress);
    const ProgressCallback callback = [&](const Progress& done) { return watched.report(done); };
    std::exception_ptr thrown;
    const auto work = [&] {
        try {
            call(callback);
        } catch (...) {
            thrown = std::current_exception();
        }
        watched.set_done();
    };
    std::thread worker = is_main_thread() ? started(work) : std::thread();
    if (!worker.joinable()) {
        const nb::gil_scoped_release released;
        work();
    } else {
        const bool has_raised = wait_for(watched);
        {
            const nb::gil_scoped_release released;
            worker.join();
        }
        if (has_raised) throw nb::python_error();
    }
    if (thrown) std::rethrow_exception(thrown);
    watched.throw_failure();
}

}  // namespace milepost::python
