#include "open_file.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "tensor.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

template <class T>
Result<std::shared_ptr<const T>> shared(Result<T> result) {
    if (!result) return std::move(result).error();
    return std::make_shared<const T>(*std::move(result));
}

/// A file of Milepost.
class ReaderFile final : public OpenFile {
public:
    explicit ReaderFile(const Reader& reader) : reader_(reader) {}

    FileFormat format() const noexcept override { return FileFormat::milepost; }
    std::uint64_t file_size() const noexcept override { return reader_.file_size(); }
    bool is_mapped() const noexcept override { return reader_.access() == Access::mapped; }
    const std::vector<Error>& warnings() const noexcept override { return reader_.warnings(); }
    Result<Reader> reader() const override { return reader_; }
    Result<Reader> reader_of(const std::string& /*path*/) const override { return reader_; }

    std::vector<std::string> models() const override { return reader_.models(); }
    std::vector<std::string> optimizers() const override { return reader_.optimizers(); }
    std::vector<std::string> values() const override { return reader_.values(); }
    Result<Shared<StateDict>> model(const std::string& name) const override {
        return shared(reader_.model(name));
    }
    Result<Shared<OptimizerState>> optimizer(const std::string& name) const override {
        return shared(reader_.optimizer(name));
    }
    Result<Shared<Value>> value_at(const std::string& path) const override {
        return shared(reader_.get<Value>(path));
    }
    Result<Shared<Checkpoint>> checkpoint() const override { return shared(reader_.checkpoint()); }
    std::uint32_t tensor_count() const noexcept override { return reader_.tensor_count(); }
    std::string tensor_path(std::uint32_t number) const override { return reader_.tensor_path(number); }
    std::vector<TensorHandle> tensors(const std::string& model) const override {
        return handles(reader_.tensors(model));
    }
    std::vector<TensorHandle> tensors() const override { return handles(reader_.tensors()); }
    Result<TensorHandle> tensor(const std::string& path) const override {
        auto found = reader_.tensor(path);
        if (!found) return std::move(found).error();
        return handle(*found);
    }
    TensorHandle handle(const TensorView& view) const override { return {view, nb::none()}; }

    Result<void> read(const std::vector<Request>& requests, const ReadOptions& options) const override {
        ReadPlan plan(reader_);
        for (const auto& [tensor, to] : requests)
            MILEPOST_TRY(plan.add(tensor, to));
        return plan.read(options);
    }
    /// A Reader looks after that itself.
    Result<void> check_unchanged() const override { return {}; }

private:
    [[nodiscard]] std::vector<TensorHandle> handles(const std::vector<TensorView>& views) const {
        std::vector<TensorHandle> made;
        made.reserve(views.size());
        for (const TensorView& view : views)
            made.push_back(handle(view));
        return made;
    }

    Reader reader_;
};

/// Whether a Reader may refuse a file of another format with this error: a small one is too short for it.
bool may_be_foreign(const Error& error) {
    return error.code() == Code::not_a_checkpoint || error.code() == Code::truncated;
}

}  // namespace

std::unique_ptr<OpenFile> file_of(const Reader& reader) {
    return std::make_unique<ReaderFile>(reader);
}

Result<std::unique_ptr<OpenFile>> open_any(const std::string& path, const AnyOpenOptions& options) {
    const bool is_ours = options.import.format == FileFormat::milepost && options.import.models.empty();
    if (options.import.format && !is_ours) return open_foreign(path, options);
    if (options.import.models.empty()) {
        auto opened = Reader::open(path, options.open);
        if (opened) return file_of(*opened);
        if (is_ours || !may_be_foreign(opened.error())) return std::move(opened).error();
        const auto found = sniff(path);
        if (!found || *found == FileFormat::milepost) return std::move(opened).error();
        AnyOpenOptions as_found = options;
        as_found.import.format = *found;  // or else it would be sniffed again
        return open_foreign(path, as_found);
    }
    return open_foreign(path, options);
}

}  // namespace milepost::python
