/// LeNet on Fashion-MNIST with Milepost checkpoints: the network of PyTorch's recipe "What is a state_dict",
/// trained, saved, resumed, tested and shown.
///
///     lenet train --epochs 1 --lr 0.01 --save lenet.milepost
///     lenet train --resume lenet.milepost --steps 100 --save lenet.milepost
///     lenet eval lenet.milepost
///     lenet show lenet.milepost
///
/// To learn how a program uses Milepost read checkpoint.cpp: there a run is saved and loaded.

#include <cstdio>
#include <exception>
#include <iostream>

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace {

void add_train(CLI::App& app, lenet::TrainOptions& options) {
    CLI::App* train = app.add_subcommand("train", "train a network, or go on with a saved run");
    auto* steps = train->add_option("--steps", options.steps, "train for this many steps (more)");
    steps->check(CLI::NonNegativeNumber);
    auto* epochs =
        train->add_option("--epochs", options.epochs, "train for this many epochs (more); default 1");
    epochs->check(CLI::NonNegativeNumber)->excludes(steps);
    train->add_option("--lr", options.lr, "learning rate; default 0.001, or as saved")
        ->check(CLI::NonNegativeNumber);
    train->add_option("--momentum", options.momentum, "default 0.9, or as saved")
        ->check(CLI::NonNegativeNumber);
    train->add_option("--batch", options.batch, "images a step; default 64, or as saved")
        ->check(CLI::PositiveNumber);
    auto* seed = train->add_option("--seed", options.seed, "of weights and order; default 0");
    auto* shuffle =
        train->add_flag("--shuffle,!--no-shuffle", options.shuffle, "take images in random order; default");
    auto* save = train->add_option("--save", options.save, "save the run to this file at the end");
    train->add_option("--save-every", options.save_every, "save it each N steps, too")
        ->check(CLI::PositiveNumber)
        ->needs(save);
    train->add_option("--resume", options.resume, "go on with the run in this file")
        ->excludes(seed)
        ->excludes(shuffle);
    train->add_option("--threads", options.threads, "change the speed, never the result; default 2")
        ->check(CLI::Range(1, 64));
    train->add_option("--data", options.data, "folder of IDX files, or a .milepost slice");
    train->callback([&options] { lenet::train(options); });
}

void add_eval(CLI::App& app, lenet::EvalOptions& options) {
    CLI::App* eval = app.add_subcommand("eval", "measure the accuracy on the test images");
    eval->add_option("file", options.file, "a checkpoint")->required();
    eval->add_flag("--json", options.json, "print one JSON document");
    eval->add_option("--threads", options.threads, "change the speed, never the result")
        ->check(CLI::Range(1, 64));
    eval->add_option("--data", options.data, "folder of IDX files, or a .milepost slice");
    eval->callback([&options] { lenet::eval(options); });
}

void add_show(CLI::App& app, std::string& file) {
    CLI::App* show = app.add_subcommand("show", "print the state_dicts as PyTorch's recipe does");
    show->add_option("file", file, "a checkpoint")->required();
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
    lenet::EvalOptions eval;
    std::string show;
    lenet::MakeSliceOptions make_slice;
    add_train(app, train);
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
