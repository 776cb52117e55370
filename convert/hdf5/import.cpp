#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/message.hpp"
#include "convert/hdf5/attributes.hpp"
#include "convert/hdf5/dataset.hpp"
#include "convert/hdf5/file.hpp"
#include "convert/hdf5/group.hpp"
#include "convert/hdf5/hdf5.hpp"
#include "convert/hdf5/object_header.hpp"
#include "convert/hdf5/superblock.hpp"
#include "convert/hdf5/types.hpp"
#include "convert/hdf5/values.hpp"
#include "convert/import_input.hpp"
#include "convert/named_tensors.hpp"
#include "convert/names.hpp"

namespace milepost::convert::hdf5 {
namespace {

using base::message;

/// Memory of a named tensor in a checkpoint; see Limits::max_decoded_bytes. And of what is noted of an
/// object.
constexpr std::uint64_t kTensorNbytes = 704, kObjectNbytes = 192;

/// Goes through the groups of a file, from the root on, and makes a checkpoint of what is in them.
class Importer {
public:
    explicit Importer(File& file) : file_(file), types_(file), values_(file), datasets_(file, types_) {}

    Result<Checkpoint> run(std::uint64_t root) {
        MILEPOST_TRY(visit("", root));
        while (!open_.empty()) {
            OpenGroup& group = open_.back();
            if (group.next == group.links.size()) {
                open_.pop_back();
                continue;
            }
            const Link& link = group.links[group.next++];
            const std::string path = group.path.empty() ? link.name : message(group.path, "/", link.name);
            if (auto visited = visit(path, link.address); !visited) return visited.error();
        }
        MILEPOST_TRY(check_extents());
        return finish();
    }

private:
    struct OpenGroup {
        std::string path;
        std::vector<Link> links;
        std::size_t next = 0;
    };
    /// What an object was made into, for a second name of it.
    struct Made {
        std::string path;
        bool is_text = false;
        std::uint64_t decoded_nbytes = 0;
    };

    /// The path of the object is in front of any error.
    Result<void> visit(const std::string& path, std::uint64_t address) {
        auto done = visit_object(path, address);
        if (done) return {};
        return done.error().within(message("HDF5 object ", path.empty() ? "/" : escape(path, 200)));
    }

    Result<void> visit_object(const std::string& path, std::uint64_t address) {
        if (!path.empty()) MILEPOST_TRY(check_name(path, file_.limits(), "its path"));
        if (groups_.count(address) != 0)
            return Error(Condition::feature,
                         "a group that has another path too, or contains itself; save a copy of it");
        if (const auto made = made_.find(address); made != made_.end()) return add_again(path, made->second);
        if (types_.knows(address)) return {};
        MILEPOST_TRY(file_.budget().take_bytes(kObjectNbytes + 2 * path.size()));
        MILEPOST_TRY_ASSIGN(const ObjectHeader header, read_object_header(file_, address));
        const bool is_group = header.symbol_table || header.link_info || !header.links.empty();
        if (!is_group && !header.layout) {
            if (path.empty()) return Error(Condition::foreign, "it is not a group");
            return types_.add(address, header);
        }
        MILEPOST_TRY_ASSIGN(Dict attributes, read_attributes({file_, types_, values_}, header));
        if (header.layout) {
            if (is_group || path.empty())
                return Error(Condition::foreign, "it is a dataset, and has to be a group");
            MILEPOST_TRY(add_dataset(path, address, header, attributes));
        } else {
            MILEPOST_TRY(open_group(path, address, header));
        }
        if (!attributes.items.empty())
            attributes_.items.emplace_back(Value(path.empty() ? std::string("/") : path),
                                           Value(std::move(attributes)));
        return {};
    }

    Result<void> open_group(const std::string& path, std::uint64_t address, const ObjectHeader& header) {
        if (open_.size() >= file_.limits().max_depth)
            return Error(Condition::depth,
                         message("groups are nested deeper than the limit, ", file_.limits().max_depth));
        groups_.insert(address);
        MILEPOST_TRY_ASSIGN(auto links, read_links(file_, header));
        open_.push_back({path, std::move(links)});
        return {};
    }

    Result<void> add_dataset(const std::string& path, std::uint64_t address, const ObjectHeader& header,
                             const Dict& attributes) {
        const std::uint64_t before = file_.budget().nbytes_left();
        MILEPOST_TRY_ASSIGN(const Dataset dataset, datasets_.read(header, attributes));
        const bool is_text = dataset.type.kind != Datatype::Kind::number || dataset.space.is_null;
        if (is_text) {
            MILEPOST_TRY_ASSIGN(const auto bytes, bytes_of(file_, dataset));
            MILEPOST_TRY_ASSIGN(Value value, values_.make(dataset.type, dataset.space, bytes));
            MILEPOST_TRY(add_text(path, std::move(value)));
        } else {
            MILEPOST_TRY_ASSIGN(TensorView tensor, tensor_of(dataset));
            MILEPOST_TRY(add_tensor(path, std::move(tensor)));
        }
        made_.emplace(address, Made{path, is_text, before - file_.budget().nbytes_left()});
        return {};
    }

    Result<void> add_tensor(const std::string& path, TensorView tensor) {
        const std::uint64_t shape_nbytes = 16 * tensor.rank();
        MILEPOST_TRY(file_.budget().take_values(1, kTensorNbytes + 2 * path.size() + shape_nbytes));
        checkpoint_.model(kModelName).add(path, std::move(tensor));
        return {};
    }

    Result<void> add_text(const std::string& path, Value value) {
        MILEPOST_TRY(file_.budget().take_values(1, kObjectNbytes + 2 * path.size()));
        texts_.items.emplace_back(Value(path), std::move(value));
        text_numbers_[path] = texts_.items.size() - 1;
        return {};
    }

    /// Another name of a dataset: tensors are tied, texts are copied.
    Result<void> add_again(const std::string& path, const Made& made) {
        if (!made.is_text)
            return add_tensor(path, *checkpoint_.model(kModelName).find(made.path)->get_if<TensorView>());
        MILEPOST_TRY(file_.budget().take_bytes(made.decoded_nbytes));
        return add_text(path, texts_.items[text_numbers_.at(made.path)].second);
    }

    /// No byte is of two datasets, or of two chunks.
    Result<void> check_extents() {
        std::vector<Extent>& extents = datasets_.extents();
        std::sort(extents.begin(), extents.end(),
                  [](const Extent& a, const Extent& b) { return a.begin < b.begin; });
        for (std::size_t i = 1; i < extents.size(); ++i) {
            if (extents[i].begin < extents[i - 1].end)
                return Error(Condition::foreign,
                             message("HDF5 data at ", extents[i].begin, ": it is within the data from ",
                                     extents[i - 1].begin, " to ", extents[i - 1].end));
        }
        return {};
    }

    Result<Checkpoint> finish() {
        checkpoint_.model(kModelName);
        std::vector<std::string> order = {std::string(kModelName)};
        const auto add = [&](std::string_view name, Dict dict) {
            if (dict.items.empty()) return;
            checkpoint_.values()[name] = std::move(dict);
            order.emplace_back(name);
        };
        add(kAttributes, std::move(attributes_));
        add(kTexts, std::move(texts_));
        Dict record;
        record["root"] = kModelName;
        add(kPythonRecord, std::move(record));
        checkpoint_.set_order(std::move(order));
        return std::move(checkpoint_);
    }

    File& file_;
    Types types_;
    ValueMaker values_;
    DatasetReader datasets_;
    std::vector<OpenGroup> open_;
    std::set<std::uint64_t> groups_;
    std::map<std::uint64_t, Made> made_;
    std::map<std::string, std::size_t> text_numbers_;
    Dict attributes_, texts_;
    Checkpoint checkpoint_;
};

}  // namespace

Result<Checkpoint> import_hdf5(const ImportInput& input) {
    File file(input.source, input.size, input.options.limits);
    MILEPOST_TRY_ASSIGN(const std::uint64_t root, read_superblock(file));
    return Importer(file).run(root);
}

}  // namespace milepost::convert::hdf5
