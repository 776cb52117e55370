#include "small_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/options.hpp>
#include <milepost/tensor.hpp>
#include <milepost/writer.hpp>

#include "failure.hpp"
#include "files.hpp"

namespace bench {

namespace {

constexpr std::array<const char*, 8> kParts = {"attention.query.weight",
                                               "attention.key.weight",
                                               "attention.value.weight",
                                               "attention.output.weight",
                                               "mlp.up.weight",
                                               "mlp.down.weight",
                                               "norm.weight",
                                               "norm.bias"};

milepost::Shape shape_of(std::size_t i, std::size_t elements) {
    const std::size_t rows = elements == 1024 ? 32 : 8;
    return i % 8 < 6 ? milepost::Shape{rows, elements / rows} : milepost::Shape{elements};
}

}  // namespace

std::string tensor_name(std::size_t i) {
    return "layers." + std::to_string(i / 8) + "." + kParts[i % 8];
}

void write_checkpoint(const std::string& path, std::size_t tensors, std::size_t elements) {
    std::vector<float> values(elements);
    milepost::SaveOptions options;
    options.durable = false;
    auto writer = must(milepost::Writer::create(path, options));
    milepost::Checkpoint checkpoint;
    milepost::StateDict& model = checkpoint.model("model");
    for (std::size_t i = 0; i < tensors; ++i) {
        values[0] = static_cast<float>(i);
        model[tensor_name(i)] =
            must(writer.add(milepost::TensorView::of(std::span<const float>(values), shape_of(i, elements))));
    }
    must(writer.commit(checkpoint));
}

void write_safetensors(const std::string& path, std::size_t tensors, std::size_t elements) {
    std::string header = "{";
    for (std::size_t i = 0; i < tensors; ++i) {
        header += i == 0 ? "\"" : ",\"";
        header += tensor_name(i) + R"(":{"dtype":"F32","shape":[)";
        const milepost::Shape shape = shape_of(i, elements);
        for (std::size_t dim = 0; dim < shape.size(); ++dim)
            header += (dim == 0 ? "" : ",") + std::to_string(shape[dim]);
        header += "],\"data_offsets\":[" + std::to_string(i * elements * sizeof(float)) + "," +
                  std::to_string((i + 1) * elements * sizeof(float)) + "]}";
    }
    header += "}";
    header.resize((header.size() + 7) / 8 * 8, ' ');
    const std::uint64_t header_nbytes = header.size();
    std::string begin(sizeof header_nbytes, '\0');
    std::memcpy(begin.data(), &header_nbytes, sizeof header_nbytes);
    const File file(path, O_WRONLY | O_CREAT | O_TRUNC);
    file.write(0, std::as_bytes(std::span(begin += header)));
    const auto nbytes = static_cast<off_t>(begin.size() + tensors * elements * sizeof(float));
    must_succeed(::ftruncate(file.descriptor(), nbytes) == 0, "ftruncate");
}

}  // namespace bench
