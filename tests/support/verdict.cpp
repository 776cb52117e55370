#include "support/verdict.hpp"

#include <milepost/milepost.hpp>

namespace milepost::testing {

std::string verdict_of(const Result<Reader>& file, unsigned threads) {
    auto words = [](const Error& error) {
        return std::string(name(error.code())) + "/" + std::string(name(error.condition()));
    };
    if (!file) return words(file.error());
    const auto report = verify(*file, {.threads = threads});
    if (!report) return words(report.error());
    if (report->ok()) return "ok";
    std::string verdict = "verify";
    for (const Damage& damage : report->damage)
        verdict += " " + words(damage.error);
    return verdict;
}

}  // namespace milepost::testing
