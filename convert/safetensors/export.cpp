#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <nlohmann/json.hpp>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>

#include "base/checked.hpp"
#include "base/little_endian.hpp"
#include "base/message.hpp"
#include "convert/safetensors/dtypes.hpp"
#include "convert/safetensors/header.hpp"
#include "convert/safetensors/plan.hpp"
#include "convert/safetensors/safetensors.hpp"
#include "convert/safetensors/shard_index.hpp"
#include "convert/tensor_list.hpp"
#include "convert/tensor_writer.hpp"

namespace milepost::convert::safetensors {
namespace {

using base::message;

/// The tensors of one file, and their bytes.
struct ShardPlan {
    std::span<const ListedTensor* const> tensors;
    std::uint64_t nbytes = 0;
};

std::string quoted(const std::string& text) {
    return nlohmann::json(text).dump();
}

/// `"name":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`.
std::string entry_of(const ListedTensor& tensor, std::uint64_t begin, std::uint64_t end) {
    std::string shape;
    for (const std::uint64_t size : tensor.tensor->shape())
        shape += message(shape.empty() ? "" : ",", size);
    return message(quoted(tensor.name), R"(:{"dtype":")", word_of(tensor.tensor->dtype())->word,
                   R"(","shape":[)", shape, R"(],"data_offsets":[)", begin, ",", end, "]}");
}

/// The header with its size, and spaces after it so that the data begins at a multiple of 64.
Result<std::string> encode_header(const ShardPlan& shard, const Plan& plan) {
    std::string json = "{";
    if (plan.metadata) {
        std::string items;
        for (const auto& [key, text] : *plan.metadata)
            items += message(items.empty() ? "" : ",", quoted(key), ":", quoted(text));
        json += message(quoted(std::string(kMetadataKey)), ":{", items, "}");
    }
    std::uint64_t begin = 0;
    for (const ListedTensor* tensor : shard.tensors) {
        const std::uint64_t end = begin + tensor->tensor->nbytes();
        if (json.size() > 1) json += ',';
        json += entry_of(*tensor, begin, end);
        if (json.size() > kMaxHeaderNbytes) break;
        begin = end;
    }
    json += '}';
    constexpr std::uint64_t kAlignment = 64;
    json.resize(static_cast<std::size_t>(base::align_up(kSizeNbytes + json.size(), kAlignment) - kSizeNbytes),
                ' ');
    if (json.size() > kMaxHeaderNbytes)
        return Error(Condition::index_bytes, message("the header of a safetensors file would have more than ",
                                                     kMaxHeaderNbytes, " bytes, which no reader takes"));
    std::string size(kSizeNbytes, '\0');
    base::store_le(reinterpret_cast<std::byte*>(size.data()), std::uint64_t{json.size()});
    return size + json;
}

/// Cuts the tensors, in their order, into files of at most `max_nbytes`; a larger tensor has a file of its
/// own.
Result<std::vector<ShardPlan>> cut_shards(std::span<const ListedTensor* const> tensors,
                                          std::uint64_t max_nbytes) {
    std::vector<ShardPlan> shards(1);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
        const std::uint64_t nbytes = tensors[i]->tensor->nbytes();
        std::uint64_t sum = 0;
        const bool fits = base::checked_add(shards.back().nbytes, nbytes, sum);
        if (max_nbytes == 0 && !fits)
            return Error(Condition::layout, "the tensors have more than 2^64 bytes");
        if (max_nbytes != 0 && i > begin && (!fits || sum > max_nbytes)) {
            begin = i;
            shards.emplace_back();
            sum = nbytes;
        }
        shards.back() = {tensors.subspan(begin, i + 1 - begin), sum};
    }
    return shards;
}

class Export {
public:
    Export(const Plan& plan, const ExportOptions& options, std::uint64_t nbytes)
        : plan_(plan),
          options_(options),
          nbytes_(nbytes),
          writer_([this](std::span<const std::byte> bytes) { return sink_->write(bytes); },
                  options.save.progress, nbytes) {}
    Export(const Export&) = delete;
    Export& operator=(const Export&) = delete;

    Result<void> write_file(const std::string& path, const ShardPlan& shard) {
        MILEPOST_TRY_ASSIGN(const auto sink, open_sink(path, options_.save));
        return write_file(*sink, shard);
    }

    Result<void> write_file(Sink& sink, const ShardPlan& shard) {
        MILEPOST_TRY_ASSIGN(const std::string header, encode_header(shard, plan_));
        MILEPOST_TRY(sink.reserve(header.size() + shard.nbytes));
        MILEPOST_TRY(sink.write(std::as_bytes(std::span(header))));
        sink_ = &sink;
        for (const ListedTensor* tensor : shard.tensors) {
            if (auto written = writer_.write(*tensor->tensor); !written)
                return written.error().within(escape(tensor->path, 120));
        }
        return sink.commit();
    }

    /// Shards replace those of an earlier set one by one. Its index is removed before: a set that was not
    /// finished is never taken for a whole one. Returns the path of the index.
    Result<std::string> write_shards(std::string_view base, const std::vector<ShardPlan>& shards) {
        std::string index_path = message(base, ".safetensors.index.json");
        MILEPOST_TRY(remove_index(index_path));
        std::string map;
        for (std::size_t i = 0; i < shards.size(); ++i) {
            const std::string path = shard_path(base, i + 1, shards.size());
            MILEPOST_TRY(write_file(path, shards[i]));
            const std::string name = quoted(path.substr(path.rfind('/') + 1));
            for (const ListedTensor* tensor : shards[i].tensors)
                map += message(map.empty() ? "" : ",", "\n    ", quoted(tensor->name), ": ", name);
        }
        const std::string index = message("{\n  \"metadata\": {\"total_size\": ", nbytes_,
                                          "},\n  \"weight_map\": {", map, "\n  }\n}\n");
        MILEPOST_TRY_ASSIGN(const auto sink, open_sink(index_path, options_.save));
        MILEPOST_TRY(sink->write(std::as_bytes(std::span(index))));
        MILEPOST_TRY(sink->commit());
        return index_path;
    }

private:
    Result<void> remove_index(const std::string& path) const {
        std::error_code error;
        if (!std::filesystem::exists(path, error)) return {};
        if (options_.save.create_only) return Error(Condition::target, message(escape(path, 200), " exists"));
        if (std::filesystem::remove(path, error)) return {};
        return Error(Condition::target, message("the index ", escape(path, 200),
                                                " of an earlier set cannot be removed: ", error.message()));
    }

    /// `model-00001-of-00003.safetensors`.
    static std::string shard_path(std::string_view base, std::size_t number, std::size_t count) {
        const auto digits = [](std::size_t value) {
            const std::string text = std::to_string(value);
            return std::string(text.size() < 5 ? 5 - text.size() : 0, '0') + text;
        };
        return message(base, "-", digits(number), "-of-", digits(count), ".safetensors");
    }

    const Plan& plan_;
    const ExportOptions& options_;
    std::uint64_t nbytes_;
    Sink* sink_ = nullptr;  ///< of the file that is being written
    TensorWriter writer_;   ///< counts the bytes of all files
};

/// The path without the extensions that a file, or the index of many, has.
std::string_view base_of(std::string_view path) noexcept {
    constexpr std::string_view kIndex = ".index.json", kFile = ".safetensors";
    if (path.ends_with(".safetensors.index.json")) path.remove_suffix(kIndex.size());
    if (path.ends_with(kFile)) path.remove_suffix(kFile.size());
    return path;
}

Result<std::uint64_t> sum_nbytes(const std::vector<ShardPlan>& shards) {
    std::uint64_t sum = 0;
    for (const ShardPlan& shard : shards) {
        if (!base::checked_add(sum, shard.nbytes, sum))
            return Error(Condition::layout, "the tensors have more than 2^64 bytes");
    }
    return sum;
}

}  // namespace

Result<void> write_safetensors(Sink& sink, const Checkpoint& checkpoint, const ExportOptions& options) {
    const Plan plan = make_plan(checkpoint);
    MILEPOST_TRY_ASSIGN(const auto shards, cut_shards(plan.tensors.held, 0));
    return Export(plan, options, shards.front().nbytes).write_file(sink, shards.front());
}

Result<std::string> write_safetensors(const std::string& path, const Checkpoint& checkpoint,
                                      const ExportOptions& options) {
    const Plan plan = make_plan(checkpoint);
    MILEPOST_TRY_ASSIGN(const auto shards, cut_shards(plan.tensors.held, options.max_shard_nbytes));
    MILEPOST_TRY_ASSIGN(const std::uint64_t nbytes, sum_nbytes(shards));
    Export writer(plan, options, nbytes);
    if (shards.size() == 1) {
        MILEPOST_TRY(writer.write_file(path, shards.front()));
        return path;
    }
    const std::string_view base = base_of(path);
    if (!is_shard_name(base.substr(base.rfind('/') + 1)))
        return Error(Condition::target, message(escape(path, 200),
                                                ": names of shards have only A-Z, a-z, 0-9, '.', '_' "
                                                "and '-', and do not begin with '.'"));
    return writer.write_shards(base, shards);
}

}  // namespace milepost::convert::safetensors
