#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/import_input.hpp"
#include "convert/named_tensors.hpp"
#include "convert/safetensors/header.hpp"
#include "convert/safetensors/safetensors.hpp"
#include "convert/safetensors/shard_index.hpp"

namespace milepost::convert::safetensors {
namespace {

using base::message;

Result<std::string> read_text(const Source& source, std::uint64_t offset, std::uint64_t nbytes) {
    std::string text(static_cast<std::size_t>(nbytes), '\0');
    MILEPOST_TRY(source.read(offset, std::as_writable_bytes(std::span(text))));
    return text;
}

/// A file with its header.
struct Shard {
    std::shared_ptr<const Source> source;
    std::uint64_t data_begin = 0;
    Header header;
};

/// How much the headers of all shards may still have.
struct Budget {
    std::uint64_t header_nbytes;
};

Result<Shard> open_shard(std::shared_ptr<const Source> source, std::uint64_t size, const Limits& limits,
                         Budget& budget) {
    std::array<std::byte, kSizeNbytes> begin;
    if (size < kSizeNbytes)
        return Error(Condition::cut, message("safetensors file: it has ", size, " of the first 8 bytes"));
    MILEPOST_TRY(source->read(0, begin));
    const auto nbytes = base::load_le<std::uint64_t>(begin.data());
    if (nbytes > kMaxHeaderNbytes)
        return Error(Condition::foreign, message("safetensors file: a header of ", nbytes,
                                                 " bytes, the most are ", kMaxHeaderNbytes));
    if (nbytes > budget.header_nbytes)
        return Error(Condition::index_bytes,
                     message("safetensors file: a header of ", nbytes, " bytes, the limit is ",
                             limits.max_index_bytes, " for all headers"));
    if (nbytes > size - kSizeNbytes)
        return Error(Condition::cut, message("safetensors file: it has ", size - kSizeNbytes, " of ", nbytes,
                                             " bytes of its header"));
    budget.header_nbytes -= nbytes;
    MILEPOST_TRY_ASSIGN(const std::string json, read_text(*source, kSizeNbytes, nbytes));
    const std::uint64_t data_begin = kSizeNbytes + nbytes;
    MILEPOST_TRY_ASSIGN(auto header, parse_header(json, size - data_begin, limits));
    return Shard{std::move(source), data_begin, std::move(header)};
}

Result<void> add_tensors(Shard& shard, StateDict& model) {
    for (HeaderTensor& tensor : shard.header.tensors) {
        MILEPOST_TRY_ASSIGN(auto storage, StorageView::from(shard.source, shard.data_begin + tensor.begin,
                                                            tensor.end - tensor.begin));
        model.add(std::move(tensor.name),
                  TensorView(tensor.dtype, std::move(tensor.shape), std::move(storage)));
    }
    return {};
}

std::optional<Value> metadata_of(
    const std::optional<std::vector<std::pair<std::string, std::string>>>& items) {
    if (!items) return std::nullopt;
    Dict metadata;
    for (const auto& [key, text] : *items)
        metadata.items.emplace_back(key, text);
    return metadata;
}

Result<Checkpoint> import_one(const ImportInput& input) {
    Budget budget = {input.options.limits.max_index_bytes};
    MILEPOST_TRY_ASSIGN(Shard shard, open_shard(input.source, input.size, input.options.limits, budget));
    Checkpoint checkpoint;
    MILEPOST_TRY(add_tensors(shard, checkpoint.model(kModelName)));
    complete_named_tensors(checkpoint, metadata_of(shard.header.metadata));
    return checkpoint;
}

/// The shards of an index, one after the other, in the order of their names.
class ShardImport {
public:
    ShardImport(const ImportInput& input, ShardIndex index, std::uint64_t header_nbytes)
        : limits_(input.options.limits),
          folder_(input.path.substr(0, input.path.rfind('/') + 1)),
          index_(std::move(index)),
          budget_{header_nbytes} {}

    Result<Checkpoint> run() {
        std::set<std::string> names;
        for (const auto& [tensor, shard] : index_.weight_map)
            names.insert(shard);
        for (const std::string& name : names) {
            if (auto added = add_shard(name); !added) return added.error().within(message("shard ", name));
        }
        if (checkpoint_.model(kModelName).size() != index_.weight_map.size()) return missing_tensor();
        if (index_.total_size && *index_.total_size != nbytes_)
            return Error(Condition::foreign, message("safetensors index: total_size is ", *index_.total_size,
                                                     ", but all tensors have ", nbytes_, " bytes"));
        complete_named_tensors(checkpoint_, metadata_of(metadata_));
        return std::move(checkpoint_);
    }

private:
    Result<void> add_shard(const std::string& name) {
        MILEPOST_TRY_ASSIGN(auto source, open_source(folder_ + name));
        MILEPOST_TRY_ASSIGN(const std::uint64_t size, source->size());
        MILEPOST_TRY_ASSIGN(Shard shard, open_shard(std::move(source), size, limits_, budget_));
        for (const HeaderTensor& tensor : shard.header.tensors) {
            const auto found = index_.weight_map.find(tensor.name);
            if (found == index_.weight_map.end() || found->second != name)
                return Error(Condition::foreign, message("tensor ", escape(tensor.name, 120),
                                                         " is not in this shard by the index"));
            if (!base::checked_add(nbytes_, tensor.end - tensor.begin, nbytes_))
                return Error(Condition::foreign, "all tensors have more than 2^64 bytes");
        }
        MILEPOST_TRY(add_metadata(shard.header));
        return add_tensors(shard, checkpoint_.model(kModelName));
    }

    /// All shards usually have the same.
    Result<void> add_metadata(const Header& header) {
        if (!header.metadata) return {};
        if (!metadata_) metadata_.emplace();
        for (const auto& [key, text] : *header.metadata) {
            const auto [place, is_new] = texts_.emplace(key, text);
            if (is_new) metadata_->emplace_back(key, text);
            if (place->second != text)
                return Error(
                    Condition::feature,
                    message("another shard has another text in its metadata for the key ", escape(key, 120)));
        }
        return {};
    }

    [[nodiscard]] Error missing_tensor() {
        for (const auto& [tensor, shard] : index_.weight_map) {
            if (checkpoint_.model(kModelName).find(tensor) == nullptr)
                return Error(Condition::foreign, message("safetensors index: tensor ", escape(tensor, 120),
                                                         " is not in the shard ", shard));
        }
        return Error(Condition::foreign, "safetensors index: a tensor is in two shards");
    }

    const Limits& limits_;
    std::string folder_;
    ShardIndex index_;
    Budget budget_;
    std::uint64_t nbytes_ = 0;
    Checkpoint checkpoint_;
    std::optional<std::vector<std::pair<std::string, std::string>>> metadata_;
    std::map<std::string, std::string> texts_;
};

Result<Checkpoint> import_shards(const ImportInput& input) {
    const Limits& limits = input.options.limits;
    if (input.size > limits.max_index_bytes)
        return Error(Condition::index_bytes, message("safetensors index: ", input.size,
                                                     " bytes, the limit is ", limits.max_index_bytes));
    MILEPOST_TRY_ASSIGN(const std::string json, read_text(*input.source, 0, input.size));
    MILEPOST_TRY_ASSIGN(auto index, parse_shard_index(json, limits));
    return ShardImport(input, std::move(index), limits.max_index_bytes - input.size).run();
}

/// Whether a file is an index: a file of tensors has its size first, which is never this large as text.
Result<bool> is_index(const ImportInput& input) {
    constexpr std::uint64_t kBegin = 64;
    MILEPOST_TRY_ASSIGN(const std::string begin, read_text(*input.source, 0, std::min(input.size, kBegin)));
    const std::size_t first = begin.find_first_not_of(" \t\r\n");
    const bool is_header =
        begin.size() > kSizeNbytes && begin[kSizeNbytes] == '{' && begin[kSizeNbytes - 1] == '\0';
    return !is_header && first != std::string::npos && begin[first] == '{';
}

}  // namespace

Result<Checkpoint> import_safetensors(const ImportInput& input) {
    MILEPOST_TRY_ASSIGN(const bool index, is_index(input));
    return index ? import_shards(input) : import_one(input);
}

}  // namespace milepost::convert::safetensors
