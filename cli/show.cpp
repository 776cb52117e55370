#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <milepost/elements.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/select.hpp>
#include <milepost/statistics.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "any_file.hpp"
#include "commands.hpp"
#include "json_document.hpp"
#include "json_value.hpp"
#include "output.hpp"
#include "terminal.hpp"
#include "text.hpp"

namespace milepost::cli {
namespace {

constexpr std::size_t kBins = 20;
constexpr std::size_t kBarWidth = 40;
constexpr std::uint64_t kMaxElements = 1000;  // that are printed of one tensor

std::string head_of(const std::string& path, const TensorView& tensor) {
    return fmt::format("{}: {}[{}], {}, {}\n", escape(path), escape(tensor.dtype().name),
                       fmt::join(tensor.shape(), ", "), counted(tensor.element_count(), "element"),
                       iec(tensor.nbytes()));
}

std::string histogram_text(const Statistics& statistics) {
    std::string text;
    if (statistics.histogram.empty()) return text;
    const std::uint64_t most = *std::max_element(statistics.histogram.begin(), statistics.histogram.end());
    const double step = (statistics.largest - statistics.least) / static_cast<double>(kBins);
    for (std::size_t i = 0; i < statistics.histogram.size(); ++i) {
        const std::uint64_t count = statistics.histogram[i];
        const auto length = static_cast<std::size_t>(static_cast<double>(count) / static_cast<double>(most) *
                                                     static_cast<double>(kBarWidth));
        const std::string bar(count != 0 && length == 0 ? 1 : length, '#');
        text += fmt::format("  {:>12.4g}  {:<{}}  {}\n", statistics.least + step * static_cast<double>(i),
                            bar, kBarWidth, grouped(count));
    }
    return text;
}

std::string statistics_text(const Statistics& statistics) {
    if (statistics.finite == 0)
        return fmt::format("  nan {}, inf {}, no finite number\n", grouped(statistics.nan),
                           grouped(statistics.infinite));
    return fmt::format("  min {:.6g}, max {:.6g}, mean {:.6g}, std {:.6g}; nan {}, inf {}, zero {}\n",
                       statistics.least, statistics.largest, statistics.mean, statistics.deviation,
                       grouped(statistics.nan), grouped(statistics.infinite), grouped(statistics.zero));
}

Json statistics_json(const Statistics& statistics) {
    Json json = {{"numbers", number_json(statistics.numbers)},
                 {"nan", number_json(statistics.nan)},
                 {"inf", number_json(statistics.infinite)},
                 {"zero", number_json(statistics.zero)}};
    if (statistics.finite == 0) return json;
    json["min"] = number_json(statistics.least);
    json["max"] = number_json(statistics.largest);
    json["mean"] = number_json(statistics.mean);
    json["std"] = number_json(statistics.deviation);
    json["histogram"] = numbers_json(statistics.histogram);
    return json;
}

/// The first elements, as numbers.
Result<std::vector<double>> first_elements(const TensorView& tensor) {
    std::vector<double> numbers;
    const std::uint64_t most = kMaxElements * numbers_per_element(tensor.dtype().code);
    const auto read = tensor.read_blocks(
        [&](std::span<const std::byte> block) -> Result<void> {
            append_doubles(tensor.dtype().code, block, numbers);
            if (numbers.size() >= most) return Error(Condition::by_caller, "enough");
            return {};
        },
        kMaxElements * 16);
    if (!read && read.error().condition() != Condition::by_caller) return read.error();
    numbers.resize(std::min<std::size_t>(numbers.size(), static_cast<std::size_t>(most)));
    return numbers;
}

class Shower {
public:
    explicit Shower(const ShowCommand& command) : command_(command) {}

    [[nodiscard]] Result<void> show(const std::string& path, const Value& value) {
        ++shown_;
        const auto* tensor = value.get_if<TensorView>();
        if (tensor != nullptr) return show_tensor(path, *tensor);
        if (command_.json) {
            rows_.push_back({{"path", path}, {"value", value_json(value)}});
        } else {
            print(fmt::format("{} = {}\n", escape(path), to_string(value)));
        }
        return {};
    }

    void end() const {
        if (!command_.json) return;
        JsonDocument document("milepost.show/1");
        document.field("file", command_.file);
        document.list("shown", rows_, [](const Json& row) { return row; });
        document.end();
    }

    [[nodiscard]] std::uint64_t shown() const noexcept { return shown_; }

private:
    [[nodiscard]] Result<void> show_tensor(const std::string& path, const TensorView& tensor) {
        const bool has_numbers = number_kind(tensor.dtype().code) != NumberKind::none;
        Statistics statistics;
        std::vector<double> elements;
        if (has_numbers) {
            MILEPOST_TRY_ASSIGN(statistics, statistics_of(tensor, kBins));
            if (command_.values) {
                MILEPOST_TRY_ASSIGN(elements, first_elements(tensor));
            }
        } else {
            MILEPOST_TRY(tensor.check());
        }
        if (command_.json) {
            add_row(path, tensor, has_numbers ? statistics_json(statistics) : Json(), elements);
            return {};
        }
        print(head_of(path, tensor));
        print(has_numbers ? statistics_text(statistics) + histogram_text(statistics)
                          : "  this dtype has no numbers\n");
        if (command_.values && has_numbers) print_elements(tensor, elements);
        return {};
    }

    void add_row(const std::string& path, const TensorView& tensor, Json statistics,
                 const std::vector<double>& elements) {
        Json row = {{"path", path},
                    {"dtype", tensor.dtype().name},
                    {"shape", numbers_json(tensor.shape())},
                    {"nbytes", number_json(tensor.nbytes())},
                    {"statistics", std::move(statistics)}};
        if (command_.values) {
            row["values"] = Json::array();
            for (const double element : elements)
                row["values"].push_back(number_json(element));
        }
        rows_.push_back(std::move(row));
    }

    static void print_elements(const TensorView& tensor, const std::vector<double>& elements) {
        std::string text = "  [";
        for (std::size_t i = 0; i < elements.size(); ++i)
            text += fmt::format("{}{:.6g}", i == 0 ? "" : ", ", elements[i]);
        const std::uint64_t all = tensor.element_count() * numbers_per_element(tensor.dtype().code);
        if (elements.size() < all) text += fmt::format(", ... {} more", grouped(all - elements.size()));
        print(text + "]\n");
    }

    const ShowCommand& command_;
    std::vector<Json> rows_;
    std::uint64_t shown_ = 0;
};

}  // namespace

Exit run(const ShowCommand& command) {
    const auto file = AnyFile::open(command.file);
    if (!file) return fail(command.file, file.error(), command.no_color);
    const auto checkpoint = file->checkpoint();
    if (!checkpoint) return fail(command.file, checkpoint.error(), command.no_color);
    Shower shower(command);
    Result<void> done = {};
    walk(*checkpoint, [&](const std::string& path, const Value& value) {
        if (!done) return false;
        if (!matches_any(command.patterns, path)) return true;
        done = shower.show(path, value);
        return false;  // what is below it was shown with it
    });
    if (!done) return fail(command.file, done.error(), command.no_color);
    shower.end();
    if (shower.shown() == 0) {
        print_message(
            fmt::format("{}: nothing has a path that matches; to find it anywhere in a path, use '*{}*'",
                        escape(command.file), escape(command.patterns.front())));
        return Exit::failed;
    }
    return Exit::ok;
}

}  // namespace milepost::cli
