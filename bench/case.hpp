#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "spread.hpp"

namespace bench {

/// Which ratios are good.
enum class Sense { at_least, at_most };

/// What a case has to reach.
struct Goal {
    Sense sense = Sense::at_least;
    double value = 0;                     ///< what to aim at
    std::optional<double> required = {};  ///< what must be reached, where that is less than the goal

    [[nodiscard]] bool met_by(double ratio) const { return meets(ratio, value); }
    [[nodiscard]] bool required_met_by(double ratio) const { return meets(ratio, required.value_or(value)); }

private:
    [[nodiscard]] bool meets(double ratio, double bound) const {
        return sense == Sense::at_least ? ratio >= bound : ratio <= bound;
    }
};
inline Goal at_least(double value, std::optional<double> required = {}) {
    return {Sense::at_least, value, required};
}
inline Goal at_most(double value, std::optional<double> required = {}) {
    return {Sense::at_most, value, required};
}

/// In what the measurements are.
enum class Unit { seconds, mebibytes };

/// What is measured: the library.
struct Side {
    std::string what;
    std::function<void()> run;           ///< measured
    std::function<void()> prepare = {};  ///< before each `run`, not measured
};

/// How the ratio is made of both sides.
enum class Form {
    speed,  ///< time of the reference / time of the subject: how many times as fast
    cost,   ///< time of the subject / time of the reference
};

/// One named case: the library (`subject`) and what it is compared with (`reference`) are measured by turns,
/// in one run.
struct Case {
    std::optional<Goal> goal = {};  ///< none: for information
    Form form = Form::speed;
    std::uint64_t nbytes = 0;  ///< that each side handles, for speeds; 0: times are shown
    int turns = 5;
    bool one_core = false;  ///< pin to one core and count the CPU time of the process
    Side subject = {};
    Side reference = {};
};

/// What came out.
struct Outcome {
    double ratio = 0;
    Spread subject;
    Spread reference;
};

/// Measures both sides by turns: one turn that does not count, because it fills caches, then `turns`.
[[nodiscard]] Outcome measure_by_turns(const Side& subject, const Side& reference, int turns,
                                       Form form = Form::speed, bool one_core = false);

/// A case whose ratio is made in another way: it returns what it measured.
struct SpecialCase {
    std::string name;
    Goal goal;
    Unit unit = Unit::seconds;
    std::string subject;
    std::string reference;
    std::function<Outcome()> measure;
};

/// What is known of a case once it has run.
struct Row {
    std::string name;
    std::optional<Goal> goal;
    Unit unit = Unit::seconds;
    std::uint64_t nbytes = 0;
    std::string subject;
    std::string reference;
    Outcome outcome;
};

/// Registers a case with Google Benchmark. `make` is called when the case runs, because it may make files and
/// fill memory. What it throws, or a side throws, is the outcome of the case.
void add_case(const std::string& name, std::function<Case()> make);
void add_special_case(SpecialCase special);

/// The rows of all cases that ran to their end, by name.
[[nodiscard]] const std::map<std::string, Row>& rows();

}  // namespace bench
