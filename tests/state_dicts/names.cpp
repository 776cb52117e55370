#include "state_dicts/names.hpp"

#include <string_view>

namespace milepost::state_dicts {
namespace {

constexpr std::array<std::string_view, 12> kModules = {
    "conv1", "layers", "module", "bn", "encoder", "_orig_mod", "fc", "attn", "0", "1", "12", "head"};
constexpr std::array<std::string_view, 12> kLeaves = {
    "weight", "bias", "running_mean", "num_batches_tracked", "_extra_state", "step",
    "lr",     "a",    "exp_avg",      "momentum_buffer",     "betas",        "epoch"};
// Normalised and not, right to left, beyond the basic plane, joined, not a character, between words.
constexpr std::array<std::string_view, 16> kOdd = {"é",
                                                   "e\u0301",
                                                   "世界",
                                                   "Ω",
                                                   "\U0001F600",
                                                   "\U0010FFFF",
                                                   "\U0001F469\u200D\U0001F680",
                                                   "\u202Eevil\u202C",
                                                   "\uFFFD",
                                                   "\uFEFF",
                                                   " ",
                                                   "a/b",
                                                   "/",
                                                   "../..",
                                                   "'quoted' \"twice\" \\",
                                                   "\u2028"};
constexpr std::array<std::string_view, 6> kControls = {
    std::string_view("\0", 1), "\n", "\r\n", "\x1b[31m", "\x7f", "\u0085"};

std::string path(Random& random) {
    std::string name;
    for (std::uint64_t depth = random.below(4); depth > 0; --depth) {
        name += random.pick(kModules);
        name += '.';
    }
    name += random.pick(kLeaves);
    return name;
}

std::string odd(Random& random) {
    std::string name;
    for (std::uint64_t count = 1 + random.below(4); count > 0; --count)
        name += random.one_in(3) ? random.pick(kLeaves) : random.pick(kOdd);
    return name;
}

/// Up to the longest that there may be.
std::string long_name(Random& random) {
    const std::string part = odd(random);
    const std::size_t nbytes = random.one_in(8) ? 4096 : static_cast<std::size_t>(100 + random.below(300));
    std::string name;
    while (name.size() + part.size() <= nbytes)
        name += part;
    name.resize(nbytes, 'n');
    return name;
}

}  // namespace

std::string random_name(Random& random) {
    if (random.one_in(6)) return odd(random);
    if (random.one_in(60)) return long_name(random);
    return path(random);
}

std::string random_text(Random& random) {
    if (random.one_in(8)) return {};
    std::string text = random_name(random);
    if (random.one_in(4)) text += random.pick(kControls);
    return text;
}

}  // namespace milepost::state_dicts
