#include <iostream>

#include "commands.hpp"
#include "dataset.hpp"

namespace lenet {

void make_slice(const MakeSliceOptions& options) {
    save_slice(options.file, load_dataset(options.data), options.train_count, options.test_count);
    std::cout << options.file << ": " << options.train_count << " training and " << options.test_count
              << " test images\n";
}

}  // namespace lenet
