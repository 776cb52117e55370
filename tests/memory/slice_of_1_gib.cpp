// Reads 1 % of a tensor of 1 GiB through a Source that counts: at most 1 % of the file and two chunks.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <numeric>
#include <vector>

#include <milepost/milepost.hpp>

namespace {

constexpr std::uint64_t kRows = 100'000, kColumns = 2'685;
constexpr std::uint64_t kChunkNbytes = 1 << 20U;

class CountingFile final : public milepost::Source {
public:
    explicit CountingFile(const std::filesystem::path& path)
        : stream_(path, std::ios::binary), size_(std::filesystem::file_size(path)) {}
    milepost::Result<std::uint64_t> size() const override { return size_; }
    milepost::Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override {
        const std::lock_guard lock(mutex_);
        nbytes_ += to.size();
        stream_.seekg(static_cast<std::streamoff>(offset));
        stream_.read(reinterpret_cast<char*>(to.data()), static_cast<std::streamsize>(to.size()));
        if (stream_.good()) return {};
        return milepost::Error(milepost::Condition::read, "cannot read the file");
    }
    std::uint64_t take() const { return std::exchange(nbytes_, 0); }

private:
    mutable std::ifstream stream_;
    std::uint64_t size_;
    mutable std::mutex mutex_;
    mutable std::uint64_t nbytes_ = 0;
};

int fail(const milepost::Error& error) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
    return 1;
}

int check(const std::filesystem::path& path) {
    const auto source = std::make_shared<CountingFile>(path);
    auto file = milepost::Reader::open(source);
    if (!file) return fail(file.error());
    auto tensor = file->tensor("net", "w");
    if (!tensor) return fail(tensor.error());
    const auto part = tensor->slice({{12'345, 12'345 + kRows / 100}});
    if (!part) return fail(part.error());
    (void)source->take();
    auto loaded = part->load();
    if (!loaded) return fail(loaded.error());
    const std::uint64_t read = source->take();
    const std::uint64_t allowed = file->file_size() / 100 + 2 * kChunkNbytes;
    const float first = loaded->as<float>()->front();
    std::printf("slice of %llu bytes of a file of %llu: %llu bytes read, allowed %llu\n",
                static_cast<unsigned long long>(part->nbytes()),
                static_cast<unsigned long long>(file->file_size()), static_cast<unsigned long long>(read),
                static_cast<unsigned long long>(allowed));
    return read <= allowed && first == 12'345 ? 0 : 1;
}

}  // namespace

int main() {
    const auto path = std::filesystem::temp_directory_path() / "milepost-slice-of-1-gib.milepost";
    {
        std::vector<float> elements(kRows * kColumns);
        for (std::size_t row = 0; row < kRows; ++row)
            elements[row * kColumns] = static_cast<float>(row);
        milepost::Checkpoint checkpoint;
        checkpoint.model("net")["w"] = milepost::TensorView::of(std::span(elements), {kRows, kColumns});
        const auto saved = milepost::save(path.string(), checkpoint, {.durable = false});
        if (!saved) return fail(saved.error());
    }
    const int status = check(path);
    std::filesystem::remove(path);
    return status;
}
