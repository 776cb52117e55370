#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

#include <milepost/reader.hpp>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "dataset.hpp"
#include "network.hpp"
#include "trainer.hpp"

namespace lenet {

void eval(const EvalOptions& options) {
    const milepost::Reader file = open_checkpoint(options.file).reader;
    const Weights weights = map_weights(file);  // used where they are in the file
    const Images images = (options.slice ? load_own_slice() : load_dataset(options.data)).test;
    const Trainer::Score score = Trainer(options.threads).score(weights, images);
    const double accuracy = static_cast<double>(score.correct) / static_cast<double>(images.count());
    if (options.json) {
        const nlohmann::ordered_json result = {{"accuracy", accuracy},
                                               {"correct", score.correct},
                                               {"images", images.count()},
                                               {"loss", score.mean_loss}};
        std::cout << result.dump() << '\n';
    } else {
        std::printf("accuracy %.4f: %zu of %zu test images, mean loss %.6f\n", accuracy, score.correct,
                    images.count(), score.mean_loss);
    }
}

}  // namespace lenet
