/// Prints every part of a checkpoint, exactly, for a comparison with PyTorch's objects:
///
///     print_checkpoint FILE [COPY]      with COPY, what was read is saved there, too

#include <cstdint>
#include <iostream>
#include <string>
#include <vector>

#include <milepost/milepost.hpp>

#include "canonical_text.hpp"

namespace {

using canonical::quoted;
using canonical::Text;

int fail(const milepost::Error& error) {
    std::cerr << "print_checkpoint: " << error.to_string() << '\n';
    return 2;
}

void print(const std::string& name, const milepost::StateDict& model, Text& text) {
    std::cout << "model " << quoted(name) << '\n';
    for (const auto& [entry, value] : model)
        std::cout << "  " << quoted(entry) << ": " << text.of(value) << '\n';
    std::cout << "  metadata: " << text.of(model.metadata) << '\n';
}

void print(const std::string& name, const milepost::OptimizerState& optimizer, Text& text) {
    std::cout << "optimizer " << quoted(name) << ' ' << quoted(optimizer.algorithm) << '\n';
    for (const milepost::ParamGroup& group : optimizer.param_groups)
        std::cout << "  group: " << text.of(group, optimizer.param_keys) << '\n';
    const std::vector<std::string>& keys = optimizer.param_keys;
    for (const auto& [index, entries] : optimizer.state) {
        const std::string key =
            keys.empty() ? std::to_string(index) : quoted(keys.at(static_cast<std::size_t>(index)));
        std::cout << "  state " << key << ": " << text.of(entries) << '\n';
    }
    for (const auto& [key, value] : optimizer.state_extra)
        std::cout << "  state " << quoted(key) << ": " << text.of(value) << '\n';
    for (const auto& [key, value] : optimizer.extra)
        std::cout << "  " << quoted(key) << ": " << text.of(value) << '\n';
}

void print(const milepost::Checkpoint& checkpoint) {
    Text text;
    std::cout << "order";
    for (const std::string& name : checkpoint.order())
        std::cout << ' ' << quoted(name);
    std::cout << '\n';
    for (const auto& [name, model] : checkpoint.models())
        print(name, model, text);
    for (const auto& [name, optimizer] : checkpoint.optimizers())
        print(name, optimizer, text);
    for (const auto& [name, value] : checkpoint.values())
        std::cout << "value " << quoted(name) << ": " << text.of(value) << '\n';
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3) {
        std::cerr << "usage: print_checkpoint FILE [COPY]\n";
        return 2;
    }
    const auto file = milepost::Reader::open(argv[1]);
    if (!file) return fail(file.error());
    const auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(checkpoint.error());
    try {
        print(*checkpoint);
    } catch (const canonical::Unreadable& unreadable) {
        return fail(unreadable.error);
    }
    if (argc == 3) {
        const auto saved = milepost::save(argv[2], *checkpoint);
        if (!saved) return fail(saved.error());
    }
    return std::cout.flush() ? 0 : 2;
}
