#include <iostream>
#include <string>
#include <string_view>
#include <utility>

#include <milepost/milepost.hpp>

#include "checkpoint.hpp"
#include "commands.hpp"
#include "failure.hpp"
#include "partial_load.hpp"
#include "python_repr.hpp"
#include "train_run.hpp"

namespace lenet {
namespace {

/// A line for each finding. Names from a file are escaped, because they may hold any character.
void print(std::string_view what, const milepost::ReportList<milepost::ReportItem>& list) {
    for (const milepost::ReportItem& item : list.items)
        std::cout << what << ": " << milepost::escape(item.path) << '\n';
    if (list.size() > list.items.size())
        std::cout << what << ": " << list.size() - list.items.size() << " more\n";
}

void print(const milepost::LoadReport& report) {
    print("loaded", report.loaded);
    print("missing", report.missing);
    print("unexpected", report.unexpected);
    for (const milepost::ShapeMismatch& found : report.shape_mismatches.items) {
        std::cout << "shape mismatch: " << milepost::escape(found.path) << ": " << python_repr(found.file)
                  << " in the file, " << python_repr(found.live) << " here\n";
    }
    for (const milepost::DtypeMismatch& found : report.dtype_mismatches.items) {
        std::cout << "dtype mismatch: " << milepost::escape(found.path) << ": "
                  << milepost::escape(found.file) << " in the file, " << found.live << " here\n";
    }
    for (const std::string& option :
         report.unused_options.items) {  // prefixes are tried, patterns were meant
        if (option.starts_with("only")) std::cout << "never applied: " << milepost::escape(option) << '\n';
    }
}

}  // namespace

void warmstart(const WarmstartOptions& options) {
    const TrainOptions training = with_defaults(options.train);
    Run run = new_run(training);
    const auto [file, path] = open_checkpoint(options.from);
    try {
        print(partial_load(file, options.model, options.only, run.weights));
    } catch (const Failure& failure) {
        throw Failure(path + ": " + failure.what());
    }
    std::cout.flush();  // training may take a while, and prints with printf
    train_run(std::move(run), training);
}

}  // namespace lenet
