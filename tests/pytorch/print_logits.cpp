/// Prints the logits that the LeNet of a checkpoint gives for the first training images, a line for each
/// image, every number so that it reads back exactly:
///
///     print_logits FILE DATA COUNT      DATA: a folder of IDX files, or a .milepost slice

#include <cstdio>
#include <exception>
#include <string>

#include <milepost/milepost.hpp>

#include "checkpoint.hpp"
#include "dataset.hpp"
#include "failure.hpp"
#include "network.hpp"

namespace {

void print_logits(const std::string& path, const std::string& data, std::size_t count) {
    const milepost::Reader file = lenet::or_fail(milepost::Reader::open(path), path);
    const lenet::Weights weights = lenet::map_weights(file);
    const lenet::Images images = lenet::load_dataset(data).train;
    lenet::Pass pass;
    for (std::size_t image = 0; image < count; ++image) {
        images.fill_input(image, pass.input(0));
        pass.forward(weights, 1);
        for (const float logit : pass.logits(0))
            std::printf("%.9g ", static_cast<double>(logit));
        std::printf("\n");
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fprintf(stderr, "usage: print_logits FILE DATA COUNT\n");
        return 2;
    }
    try {
        print_logits(argv[1], argv[2], std::stoul(argv[3]));
        return std::fflush(stdout) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "print_logits: %s\n", error.what());
        return 2;
    }
}
