#include "dataset.hpp"

#include <fcntl.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/reader.hpp>
#include <milepost/tensor.hpp>

#include "arena.hpp"
#include "failure.hpp"
#include "files.hpp"
#include "model.hpp"

namespace bench {

namespace {

/// Writes tensors to a dataset, one after the other.
class DatasetWriter {
public:
    explicit DatasetWriter(const std::filesystem::path& folder)
        : lines_((std::filesystem::create_directories(folder), folder / "tensors.tsv")),
          bytes_(folder / "tensors.bin") {}

    void add(const milepost::TensorView& tensor, const std::string& name) {
        std::vector<std::byte> copy(tensor.nbytes());
        must(tensor.copy_to(copy));
        bytes_.write(reinterpret_cast<const char*>(copy.data()), static_cast<std::streamsize>(copy.size()));
        lines_ << name << '\t' << tensor.dtype().name << '\t';
        for (std::size_t dim = 0; dim < tensor.rank(); ++dim)
            lines_ << (dim == 0 ? "" : ",") << tensor.shape()[dim];
        lines_ << '\n';
    }
    void finish() {
        if (!lines_.flush() || !bytes_.flush()) throw std::runtime_error("cannot write the dataset");
    }

private:
    std::ofstream lines_;
    std::ofstream bytes_;
};

}  // namespace

Dataset::Dataset(const std::filesystem::path& folder)
    : arena_(std::filesystem::file_size(folder / "tensors.bin")) {
    File((folder / "tensors.bin").string(), O_RDONLY).read(0, arena_.bytes());
    std::ifstream lines(folder / "tensors.tsv");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, dtype, sizes;
        std::getline(words, name, '\t');
        std::getline(words, dtype, '\t');
        const auto known = milepost::find_dtype(dtype);
        if (!known) throw std::runtime_error("dtype of " + name);
        milepost::Shape shape;
        while (std::getline(words, sizes, ','))
            shape.push_back(std::stoull(sizes));
        entries_.push_back({std::move(name), *known, std::move(shape)});
    }
}

milepost::Checkpoint Dataset::checkpoint() const {
    milepost::Checkpoint checkpoint;
    milepost::StateDict& model = checkpoint.model("model");
    std::size_t offset = 0;
    for (const Entry& entry : entries_) {
        std::uint64_t nbytes = entry.dtype.bits / 8;
        for (const std::uint64_t size : entry.shape)
            nbytes *= size;
        model[entry.name] = milepost::TensorView(entry.dtype, entry.shape,
                                                 milepost::StorageView(bytes().subspan(offset, nbytes)));
        offset += nbytes;
    }
    return checkpoint;
}

void write_synthetic(milepost::Dtype dtype, std::size_t nbytes, const std::filesystem::path& folder) {
    const Model model(dtype, nbytes, 1);
    const milepost::Checkpoint checkpoint = model.checkpoint();
    DatasetWriter writer(folder);
    for (const auto& [name, value] : checkpoint.models().begin()->second)
        writer.add(*value.get_if<milepost::TensorView>(), name);
    writer.finish();
}

void write_tensors_of(const milepost::Reader& file, const std::filesystem::path& folder) {
    DatasetWriter writer(folder);
    for (std::uint32_t i = 0; i < file.tensor_count(); ++i) {
        const milepost::TensorView tensor = must(file.tensor_at(i));
        if (tensor.nbytes() != 0) writer.add(tensor, file.tensor_path(i));
    }
    writer.finish();
}

}  // namespace bench
