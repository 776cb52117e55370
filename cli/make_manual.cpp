// Writes the manual pages of the command into a folder, for the build: make_manual FOLDER

#include <fstream>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>

#include "declare.hpp"
#include "manual.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: make_manual FOLDER\n";
        return 2;
    }
    milepost::cli::Commands commands;
    CLI::App app(milepost::cli::kDescription, "milepost");
    milepost::cli::declare_all(app, commands);
    for (const auto& [name, page] : milepost::cli::manual_pages(app)) {
        std::ofstream file(std::string(argv[1]) + '/' + name, std::ios::binary);
        if (!file.write(page.data(), static_cast<std::streamsize>(page.size())).flush()) {
            std::cerr << "make_manual: cannot write " << name << '\n';
            return 1;
        }
    }
    return 0;
}
