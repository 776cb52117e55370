#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/import_input.hpp"
#include "convert/objects/checkpoint_of.hpp"
#include "convert/pickle/machine.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/value_of.hpp"
#include "convert/pytorch/read_format.hpp"
#include "convert/pytorch/storage_table.hpp"
#include "convert/pytorch/torchscript.hpp"
#include "convert/swapped_source.hpp"
#include "convert/zip/archive.hpp"

namespace milepost::convert::pytorch {
namespace {

using base::message;

/// The newest of each that PyTorch 2.13 reads.
constexpr std::uint64_t kNewestVersion = 10, kNewestFormatVersion = 1;
/// What is in records of one number or word.
constexpr std::uint64_t kWordNbytes = 64;

/// The entries of an archive below its one folder.
class Records {
public:
    Records(Archive archive, const Limits& limits) : archive_(std::move(archive)), limits_(limits) {}

    /// Finds the folder. Errors: corrupt/foreign if not all entries are in it.
    Result<void> find_folder() {
        if (archive_.entries().empty()) return Error(Condition::magic, "an empty zip archive");
        const std::string& first = archive_.entries()[0].name;
        folder_ = first.substr(0, first.find('/') + 1);
        for (const ZipEntry& entry : archive_.entries()) {
            if (!entry.name.starts_with(folder_))
                return Error(Condition::foreign,
                             message("entry ", escape(entry.name, 120), " is not in the folder ",
                                     escape(folder_, 120), " of the others"));
        }
        return {};
    }
    [[nodiscard]] const ZipEntry* find(std::string_view name) const {
        return archive_.find(folder_ + std::string(name));
    }
    [[nodiscard]] std::shared_ptr<const Source> source(const ZipEntry& entry) const {
        return archive_.source(entry);
    }
    /// The bytes of an entry. Requires: there is one of this name.
    [[nodiscard]] Result<std::string> text(std::string_view name) const {
        const ZipEntry& entry = *find(name);
        auto text = read_text(*source(entry), 0, entry.nbytes, limits_);
        return text ? text : text.error().within(escape(entry.name, 120));
    }

private:
    Archive archive_;
    const Limits& limits_;
    std::string folder_;
};

/// The content of an entry of one word, without white space at its end; nothing if there is no such entry.
Result<std::string> word_of(const Records& records, std::string_view name) {
    const ZipEntry* const entry = records.find(name);
    if (entry == nullptr) return std::string();
    if (entry->nbytes > kWordNbytes)
        return Error(Condition::foreign,
                     message("entry ", escape(entry->name, 120), " has ", entry->nbytes, " bytes"));
    MILEPOST_TRY_ASSIGN(std::string word, records.text(name));
    word.erase(word.find_last_not_of(" \r\n\t") + 1);
    return word;
}

/// Errors: unsupported/feature if the number is above `newest`, corrupt/foreign if it is not one.
Result<void> check_version(const Records& records, std::string_view name, std::uint64_t newest) {
    MILEPOST_TRY_ASSIGN(const std::string word, word_of(records, name));
    if (word.empty()) return {};
    std::uint64_t version = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), version);
    if (error != std::errc() || end != word.data() + word.size())
        return Error(Condition::foreign,
                     message("entry ", name, " is ", escape(word, 120), ", not a number"));
    if (version > newest)
        return Error(Condition::feature,
                     message("entry ", name, " is ", version, ", and the newest that is read is ", newest));
    return {};
}

class ArchiveStorages final : public StorageTable {
public:
    ArchiveStorages(const Records& records, std::string_view folder, bool is_big_endian)
        : records_(records), folder_(folder), is_big_endian_(is_big_endian) {}

private:
    Result<StoragePlace> place(const pickle::StorageObject& storage) override {
        const ZipEntry* const entry = records_.find(folder_ + storage.key);
        if (entry == nullptr)
            return Error(Condition::foreign,
                         message("the archive has no entry for storage ", escape(storage.key, 120)));
        StoragePlace at{records_.source(*entry), 0, entry->nbytes};
        if (!is_big_endian_ || entry->nbytes == 0) return at;
        if (storage.dtype == nullptr)
            return Error(Condition::feature,
                         message("storage ", escape(storage.key, 120),
                                 " of a big-endian file has no dtype: its numbers cannot be swapped"));
        const Dtype dtype = storage.dtype->dtype;
        const bool is_complex = dtype == Dtype::c64 || dtype == Dtype::c128;
        const std::size_t number_nbytes = storage.dtype->nbytes / (is_complex ? 2U : 1U);
        MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, nbytes_of(storage));
        if (number_nbytes > 1 && nbytes == entry->nbytes)
            at.source =
                std::make_shared<SwappedSource>(std::move(at.source), 0, entry->nbytes, number_nbytes);
        return at;
    }

    const Records& records_;
    std::string folder_;
    bool is_big_endian_;
};

Result<bool> is_big_endian(const Records& records) {
    MILEPOST_TRY_ASSIGN(const std::string order, word_of(records, "byteorder"));
    if (!order.empty() && order != "little" && order != "big")
        return Error(Condition::foreign, message("entry byteorder is ", escape(order, 120)));
    return order == "big";
}

/// The object, and the storages of its arrays of NumPy.
Result<Value> read_object(const Records& records, const Limits& limits, std::vector<StorageView>& arrays) {
    const bool is_script = records.find("constants.pkl") != nullptr;
    MILEPOST_TRY(check_version(records, ".format_version", kNewestFormatVersion));
    MILEPOST_TRY(check_version(records, "version", kNewestVersion));
    MILEPOST_TRY_ASSIGN(const bool is_swapped, is_big_endian(records));
    MILEPOST_TRY_ASSIGN(std::string text, records.text("data.pkl"));
    const std::uint64_t nbytes = text.size();
    MILEPOST_TRY_ASSIGN(const auto unpickled, pickle::unpickle(std::move(text), limits,
                                                               is_script ? pickle::Globals::of_torchscript
                                                                         : pickle::Globals::of_data));
    if (unpickled.end != nbytes)
        return Error(Condition::foreign,
                     message("there are ", nbytes - unpickled.end, " bytes after its end"));
    ArchiveStorages storages(records, "data/", is_swapped);
    arrays = array_storages(unpickled.objects);
    if (is_script) return state_dict_of_script(unpickled.objects, unpickled.root, storages);
    return value_of(unpickled.objects, unpickled.root, storages);
}

}  // namespace

Result<Checkpoint> import_archive(const ImportInput& input) {
    const Limits& limits = input.options.limits;
    MILEPOST_TRY_ASSIGN(Archive archive, Archive::open(input.source, limits));
    Records records(std::move(archive), limits);
    MILEPOST_TRY(records.find_folder());
    if (records.find("model.weights.h5") != nullptr)
        return Error(Condition::feature,
                     "a .keras archive: take the file model.weights.h5 out of it "
                     "(unzip NAME.keras model.weights.h5), and read that");
    if (records.find("data.pkl") == nullptr || records.find("version") == nullptr)
        return Error(Condition::magic,
                     "a zip archive that is not of PyTorch: there is no data.pkl, or no version beside it");
    std::vector<StorageView> arrays;
    auto object = read_object(records, limits, arrays);
    if (!object) return object.error().within("data.pkl");
    return objects::checkpoint_of(*std::move(object), input.options.models, limits, arrays);
}

}  // namespace milepost::convert::pytorch
