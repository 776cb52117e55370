#include <cstdio>
#include <filesystem>
#include <fstream>
#include <ios>

#include "golden/golden_files.hpp"
#include "golden/vectors.hpp"

// make_golden FOLDER: writes FOLDER/README.md, FOLDER/vectors.json and all of FOLDER/files anew.
namespace {

namespace fs = std::filesystem;
using namespace milepost::golden;

bool write(const fs::path& path, const char* data, std::size_t nbytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(data, static_cast<std::streamsize>(nbytes));
    file.close();
    return file.good();
}

bool write_all(const fs::path& folder) {
    const fs::path files = folder / "files";
    fs::remove_all(files);
    fs::create_directories(files);
    const auto golden = make_golden_files();
    for (const GoldenFile& file : golden) {
        if (!write(files / file.name, reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()))
            return false;
    }
    const std::string readme = make_readme(golden);
    const std::string vectors = make_vectors(golden);
    return write(folder / "README.md", readme.data(), readme.size()) &&
           write(folder / "vectors.json", vectors.data(), vectors.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: make_golden FOLDER\n");
        return 2;
    }
    if (write_all(argv[1])) return 0;
    std::fprintf(stderr, "make_golden: cannot write to %s\n", argv[1]);
    return 1;
}
