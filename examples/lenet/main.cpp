/// LeNet on Fashion-MNIST with Milepost checkpoints: the network of PyTorch's recipe "What is a state_dict",
/// trained, saved, resumed, tested and shown.
///
///     lenet train --epochs 1 --lr 0.01 --save runs/lenet
///     lenet train --resume runs/lenet --steps 100 --save runs/lenet
///     lenet warmstart runs/lenet --only 'conv*' --optimizer adamw --save runs/other
///     lenet eval runs/lenet
///     lenet show runs/lenet/000001.step-938.milepost
///
/// To learn how a program uses Milepost read checkpoint.cpp: there a run is saved and loaded.

#include <cstdio>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "arguments.hpp"
#include "commands.hpp"

namespace {

void add_train(CLI::App& app, lenet::TrainOptions& options) {
    CLI::App* train = app.add_subcommand("train", "train a network, or go on with a saved run");
    lenet::add_training_options(*train, options);
    train
        ->add_option("--resume", options.resume,
                     "go on with the run in this folder, from its newest file, or in this file")
        ->excludes("--seed")
        ->excludes("--shuffle");
    train->callback([&options] { lenet::train(options); });
}

void add_warmstart(CLI::App& app, lenet::WarmstartOptions& options) {
    CLI::App* warmstart =
        app.add_subcommand("warmstart", "train a new network that begins with weights of another checkpoint");
    warmstart
        ->add_option("from", options.from,
                     "the other checkpoint, a file or a run's folder; any, not only a LeNet's")
        ->required();
    warmstart->add_option("--model", options.model, "the model in it; default \"model\"");
    warmstart
        ->add_option("--only", options.only,
                     "take the weights whose names fit this pattern, for example 'conv*'; may be repeated; "
                     "default: all that fit by name and shape")
        ->expected(1)
        ->take_all();
    lenet::add_training_options(*warmstart, options.train);
    warmstart->callback([&options] { lenet::warmstart(options); });
}

void add_eval(CLI::App& app, lenet::EvalOptions& options) {
    CLI::App* eval = app.add_subcommand("eval", "measure the accuracy on the test images");
    eval->add_option("file", options.file, "a checkpoint, or a run's folder")->required();
    eval->add_flag("--json", options.json, "print one JSON document");
    eval->add_option("--threads", options.threads, "change the speed, never the result")
        ->check(CLI::Range(1, 64));
    auto* data = eval->add_option("--data", options.data, "folder of IDX files, or a .milepost slice");
    eval->add_flag("--slice", options.slice, "use the small slice that comes with this program")
        ->excludes(data);
    eval->callback([&options] { lenet::eval(options); });
}

void add_show(CLI::App& app, std::string& file) {
    CLI::App* show = app.add_subcommand("show", "print the state_dicts as PyTorch's recipe does");
    show->add_option("file", file, "a checkpoint, or a run's folder")->required();
    show->callback([&file] { lenet::show(file); });
}

void add_make_slice(CLI::App& app, lenet::MakeSliceOptions& options) {
    CLI::App* slice =
        app.add_subcommand("make_slice", "save the first images of a dataset as a small .milepost file");
    slice->add_option("file", options.file, "the file to make")->required();
    slice->add_option("--train", options.train_count, "training images; default 512")
        ->check(CLI::PositiveNumber);
    slice->add_option("--test", options.test_count, "test images; default 256")->check(CLI::PositiveNumber);
    slice->add_option("--data", options.data, "folder of IDX files");
    slice->callback([&options] { lenet::make_slice(options); });
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("LeNet on Fashion-MNIST with Milepost checkpoints");
    app.require_subcommand(1);
    lenet::TrainOptions train;
    lenet::WarmstartOptions warmstart;
    lenet::EvalOptions eval;
    std::string show;
    lenet::MakeSliceOptions make_slice;
    add_train(app, train);
    add_warmstart(app, warmstart);
    add_eval(app, eval);
    add_show(app, show);
    add_make_slice(app, make_slice);
    try {
        app.parse(argc, argv);
        if (std::fflush(stdout) == 0 && std::cout.flush()) return 0;
        std::cerr << "lenet: cannot write the result\n";
        return 2;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::cerr << "lenet: " << error.what() << '\n';
        return 2;
    }
}
