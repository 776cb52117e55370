#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nanobind/nanobind.h>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>
#include <milepost/walk.hpp>

#include "memory_file.hpp"
#include "open_file.hpp"
#include "tensor.hpp"
#include "work_queue.hpp"

namespace nb = nanobind;

namespace milepost::python {
namespace {

// How much is read between two looks at Ctrl-C.
constexpr std::uint64_t kBlockNbytes = std::uint64_t{4} << 20U;

/// Whether a path is that of the part, or is below it.
bool is_within(std::string_view path, std::string_view part) {
    return path.starts_with(part) && (path.size() == part.size() || path[part.size()] == '/');
}

/// Reads one tensor. Errors: also those of the meter.
Result<void> read_one(const TensorView& tensor, std::span<std::byte> to, ProgressMeter& meter) {
    if (to.size() != tensor.nbytes())
        return Error(Condition::layout, "a tensor of " + std::to_string(tensor.nbytes()) + " bytes for " +
                                            std::to_string(to.size()) + " bytes of memory");
    if (!tensor.is_contiguous()) {
        MILEPOST_TRY(tensor.copy_to(to));
        return meter.add(to.size());
    }
    for (std::uint64_t at = 0; at < to.size(); at += kBlockNbytes) {
        const auto nbytes = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockNbytes, to.size() - at));
        MILEPOST_TRY(
            tensor.storage().read(tensor.offset() + at, to.subspan(static_cast<std::size_t>(at), nbytes)));
        MILEPOST_TRY(meter.add(nbytes));
    }
    return {};
}

/// A file of another format. Its tensors are numbered here as a Reader numbers those of a file, for their
/// views do not know their file.
class ForeignFile final : public OpenFile {
public:
    /// Errors: io_error of the size; invalid_argument/layout. Throws std::bad_alloc.
    [[nodiscard]] static Result<std::unique_ptr<OpenFile>> of(Imported imported, const Limits& limits) {
        auto file = std::make_unique<ForeignFile>(std::move(imported), limits);
        MILEPOST_TRY_ASSIGN(file->file_size_, file->imported_->source->size());
        MILEPOST_TRY(file->number_tensors());
        return std::unique_ptr<OpenFile>(std::move(file));
    }
    ForeignFile(Imported imported, const Limits& limits)
        : imported_(std::make_shared<const Imported>(std::move(imported))), limits_(limits) {}

    FileFormat format() const noexcept override { return imported_->format; }
    std::uint64_t file_size() const noexcept override { return file_size_; }
    bool is_mapped() const noexcept override { return false; }
    const std::vector<Error>& warnings() const noexcept override { return warnings_; }
    Result<Reader> reader() const override {
        return Error(Condition::feature, "a " + std::string(name(format())) +
                                             " file has no digests, and no checksums of all that is in it: "
                                             "convert it to a file of Milepost");
    }
    Result<Reader> reader_of(const std::string& path) const override;

    std::vector<std::string> models() const override { return names(content().models()); }
    std::vector<std::string> optimizers() const override { return names(content().optimizers()); }
    std::vector<std::string> values() const override { return names(content().values()); }
    Result<Shared<StateDict>> model(const std::string& name) const override {
        return part(content().models(), name, Condition::model);
    }
    Result<Shared<OptimizerState>> optimizer(const std::string& name) const override {
        return part(content().optimizers(), name, Condition::optimizer);
    }
    Result<Shared<Value>> value_at(const std::string& path) const override;
    Result<Shared<Checkpoint>> checkpoint() const override { return share(content()); }

    std::uint32_t tensor_count() const noexcept override {
        return static_cast<std::uint32_t>(tensors_.size());
    }
    std::string tensor_path(std::uint32_t number) const override {
        return number < tensors_.size() ? tensors_[number].path : "";
    }
    std::vector<TensorHandle> tensors(const std::string& model) const override {
        std::vector<TensorHandle> made;
        for (const auto& [name, entries] : content().models()) {
            if (name != model) continue;
            for (const auto& [_, value] : entries) {
                if (const auto* tensor = value.get_if<TensorView>()) made.push_back(handle(*tensor));
            }
        }
        return made;
    }
    std::vector<TensorHandle> tensors() const override {
        std::vector<TensorHandle> made;
        made.reserve(tensors_.size());
        for (const Item& item : tensors_)
            made.push_back({*item.tensor, nb::none(), item.place});
        return made;
    }
    Result<TensorHandle> tensor(const std::string& path) const override {
        if (const auto found = by_path_.find(path); found != by_path_.end()) {
            const Item& item = tensors_[found->second];
            return TensorHandle{*item.tensor, nb::none(), item.place};
        }
        if (value_at(path)) return Error(Condition::wrong_type, escape(path, 200) + " is not a tensor");
        return Error(Condition::tensor, "there is no tensor " + escape(path, 200));
    }
    TensorHandle handle(const TensorView& view) const override {
        if (const auto found = numbers_.find(&view); found != numbers_.end())
            return {view, nb::none(), tensors_[found->second].place};
        // A tensor of reader_of(), whose numbers are others.
        return {view, nb::none(),
                std::make_shared<const FilePlace>(
                    FilePlace{std::string(view.name()), std::nullopt, view.storage().index()})};
    }

    Result<void> read(const std::vector<Request>& requests, const ReadOptions& options) const override {
        std::uint64_t total = 0;
        for (const auto& [tensor, to] : requests)
            total += to.size();
        ProgressMeter meter(options.progress, total, "reading tensors");
        MILEPOST_TRY(run_all(requests.size(), options.threads, [&](std::size_t i) {
            return read_one(requests[i].first, requests[i].second, meter);
        }));
        return check_unchanged();
    }
    Result<void> check_unchanged() const override { return imported_->source->check_unchanged(); }

private:
    struct Item {
        std::string path;
        const TensorView* tensor;
        std::shared_ptr<const FilePlace> place;
    };

    [[nodiscard]] const Checkpoint& content() const noexcept { return imported_->checkpoint; }
    template <class T>
    [[nodiscard]] Shared<T> share(const T& part) const {
        return {imported_, &part};
    }
    template <class Parts>
    [[nodiscard]] static std::vector<std::string> names(const Parts& parts) {
        std::vector<std::string> made;
        for (const auto& [name, _] : parts)
            made.push_back(name);
        return made;
    }
    template <class T>
    [[nodiscard]] Result<Shared<T>> part(const StableVector<std::pair<std::string, T>>& parts,
                                         const std::string& wanted, Condition missing) const {
        for (const auto& [name, found] : parts) {
            if (name == wanted) return share(found);
        }
        return Error(missing, "there is no " + std::string(name(missing)) + " " + escape(wanted, 200));
    }

    [[nodiscard]] Result<void> number_tensors();

    std::shared_ptr<const Imported> imported_;
    Limits limits_;
    std::uint64_t file_size_ = 0;
    std::vector<Error> warnings_;  // none
    std::vector<Item> tensors_;
    std::unordered_map<const TensorView*, std::uint32_t> numbers_;
    std::unordered_map<std::string, std::uint32_t> by_path_;
};

Result<void> ForeignFile::number_tensors() {
    std::map<StorageView, std::uint32_t> storages;
    Result<void> checked = {};
    walk_tensors(content(), [&](const std::string& path, const TensorView& tensor) {
        if (!checked) return;
        if (const auto sound = tensor.check_layout(); !sound) {
            checked = sound.error().within(escape(path, 200));
            return;
        }
        const auto number = static_cast<std::uint32_t>(tensors_.size());
        const auto storage =
            storages.try_emplace(tensor.storage(), static_cast<std::uint32_t>(storages.size()));
        numbers_.emplace(&tensor, number);
        by_path_.try_emplace(path, number);
        tensors_.push_back({path, &tensor,
                            std::make_shared<const FilePlace>(
                                FilePlace{path.substr(path.rfind('/') + 1), number, storage.first->second})});
    });
    if (!checked) return checked;
    // The name of an entry may have a slash in it.
    for (const auto& [_, model] : content().models()) {
        for (const auto& [name, value] : model) {
            const auto* tensor = value.template get_if<TensorView>();
            if (tensor == nullptr || name.find('/') == std::string::npos) continue;
            auto& place = tensors_[numbers_.at(tensor)].place;
            place = std::make_shared<const FilePlace>(FilePlace{name, place->number, place->storage});
        }
    }
    return {};
}

Result<OpenFile::Shared<Value>> ForeignFile::value_at(const std::string& path) const {
    const Value* found = nullptr;
    walk(content(), [&](const std::string& each, const Value& value) {
        if (found == nullptr && each == path) found = &value;
        return found == nullptr && is_within(path, each);
    });
    if (found == nullptr) return Error(Condition::value, "there is nothing at " + escape(path, 200));
    return share(*found);
}

Result<Reader> ForeignFile::reader_of(const std::string& path) const {
    Checkpoint one;
    for (const auto& [name, model] : content().models()) {
        if (is_within(path, name)) one.model(name) = model;
    }
    for (const auto& [name, optimizer] : content().optimizers()) {
        if (is_within(path, name)) one.optimizer(name) = optimizer;
    }
    for (const auto& [name, value] : content().values()) {
        if (is_within(path, name)) one.values()[name] = value;
    }
    MILEPOST_TRY_ASSIGN(auto copy, copy_in_memory(one, limits_));
    MILEPOST_TRY(check_unchanged());
    return copy;
}

}  // namespace

Result<std::unique_ptr<OpenFile>> open_foreign(const std::string& path, const AnyOpenOptions& options) {
    MILEPOST_TRY_ASSIGN(auto imported, import_file(path, options.import));
    if (options.open.expected_digest)
        return Error(Condition::feature, "a " + std::string(name(imported.format)) +
                                             " file has no digest that could be compared: convert it to a "
                                             "file of Milepost");
    return ForeignFile::of(std::move(imported), options.import.limits);
}

}  // namespace milepost::python
