#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lenet {

/// PyTorch's random generator for the CPU: std::mt19937, written out because the standard one hides its
/// state, and a checkpoint must hold it.
class Generator {
public:
    /// Bytes of the state as PyTorch lays it out (`torch.get_rng_state()`).
    static constexpr std::size_t kStateNbytes = 5056;
    using State = std::array<std::byte, kStateNbytes>;

    /// `torch.manual_seed(seed)`; only the low 32 bits reach the generator, as in PyTorch.
    explicit Generator(std::uint64_t seed);

    /// The next 32 bits.
    std::uint32_t draw();
    /// A non-negative i64: `torch.empty((), dtype=torch.int64).random_()`.
    std::int64_t draw_i64();
    /// Uniform in [low, high): `uniform_(low, high)` for f32, rounded as PyTorch rounds on CPUs that fuse.
    float draw_uniform(double low, double high);

    /// The state in PyTorch's layout; decode() throws Failure if no generator can be in it.
    [[nodiscard]] State encode() const;
    [[nodiscard]] static Generator decode(std::span<const std::byte> state);

    friend bool operator==(const Generator&, const Generator&) = default;

private:
    void refill();

    std::uint64_t seed_;
    std::array<std::uint32_t, 624> words_;
    std::uint32_t left_ = 1;  // draws until the words are used up, plus one
    std::uint32_t next_ = 0;  // the next word to draw
    std::array<std::byte, 40> normal_cache_ =
        {};  // PyTorch's, of normal samples; LeNet draws none, but keeps it
};

/// `torch.randperm(n, generator=generator)`: the numbers 0 to n-1 in random order.
std::vector<std::int64_t> random_permutation(std::size_t n, Generator& generator);

}  // namespace lenet
