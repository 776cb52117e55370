#include <milepost/compare.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/elements.hpp>
#include <milepost/error.hpp>
#include <milepost/result.hpp>
#include <milepost/select.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/walk.hpp>

#include "base/checked.hpp"
#include "base/message.hpp"
#include "convert/content/content_items.hpp"
#include "convert/content/nothing_matches.hpp"
#include "convert/content/tensor_gap.hpp"
#include "convert/formats.hpp"
#include "convert/progress_counter.hpp"

namespace milepost {
namespace {

using base::message;
using convert::ContentItems;

constexpr std::size_t kMaxText = 60;

template <class T>
bool same_bits(const T& a, const T& b) {
    return std::memcmp(&a, &b, sizeof(T)) == 0;
}

template <class T>
bool same_subtype(const T& a, const T& b) {
    return a.subtype == b.subtype;
}

/// Whether two values of one kind are equal, their parts left aside.
bool is_equal_leaf(const Value& a, const Value& b) {
    if (const auto* truth = a.get_if<bool>()) return *truth == *b.get_if<bool>();
    if (const auto* integer = a.get_if<Integer>()) return *integer == *b.get_if<Integer>();
    if (const auto* number = a.get_if<double>()) return same_bits(*number, *b.get_if<double>());
    if (const auto* complex = a.get_if<std::complex<double>>())
        return same_bits(*complex, *b.get_if<std::complex<double>>());
    if (const auto* text = a.get_if<String>())
        return text->text == b.get_if<String>()->text && same_subtype(*text, *b.get_if<String>());
    if (const auto* bytes = a.get_if<Bytes>())
        return bytes->bytes == b.get_if<Bytes>()->bytes && same_subtype(*bytes, *b.get_if<Bytes>());
    if (const auto* tuple = a.get_if<Tuple>()) return same_subtype(*tuple, *b.get_if<Tuple>());
    if (const auto* dict = a.get_if<Dict>()) return same_subtype(*dict, *b.get_if<Dict>());
    return true;  // null; lists and sets, whose items are compared by themselves
}

bool is_close(const Value& a, const Value& b, Tolerance tolerance) {
    if (tolerance.relative == 0 && tolerance.absolute == 0) return false;
    const auto x = a.as_number(), y = b.as_number();
    return x && y && std::abs(*x - *y) <= tolerance.absolute + tolerance.relative * std::abs(*y);
}

std::string text_of(const TensorView& tensor) {
    std::string text = escape(tensor.dtype().name) + '[';
    for (std::size_t dim = 0; dim < tensor.rank(); ++dim)
        text += message(dim == 0 ? "" : ", ", tensor.shape()[dim]);
    text += ']';
    if (tensor.role() != Role::plain) text += message(" ", name(tensor.role()));
    if (tensor.requires_grad()) text += " requires_grad";
    return text;
}

std::string text_of(const Value& value) {
    if (const auto* tensor = value.get_if<TensorView>()) return text_of(*tensor);
    if (const auto* dict = value.get_if<Dict>()) return message("dict of ", dict->items.size());
    if (const auto* list = value.get_if<List>()) return message("list of ", list->items.size());
    return to_string(value, kMaxText);
}

class Comparer {
public:
    /// `total_nbytes`: of the tensors of the left one.
    Comparer(const CompareOptions& options, const std::function<bool(const Difference&)>& found,
             std::uint64_t total_nbytes)
        : options_(options), found_(found), progress_(options.progress, total_nbytes) {}

    [[nodiscard]] Result<Comparison> run(ContentItems& left, ContentItems& right) {
        MILEPOST_TRY(check_patterns(left, right));
        for (const ContentItems::Item& item : left.items()) {
            const ContentItems::Item* other = right.take(item.path);
            if (!matches_any(options_.only, item.path)) continue;
            if (other == nullptr) {
                if (is_below_told(item.path)) continue;
                report({Difference::Kind::removed, item.path, text_of(*item.value), ""});
            } else {
                MILEPOST_TRY(both(item, *other->value));
            }
            if (is_stopped_) return result_;
        }
        for (std::size_t i = 0; i < right.items().size() && !is_stopped_; ++i) {
            const ContentItems::Item& item = right.items()[i];
            if (right.is_taken(i) || !matches_any(options_.only, item.path) || is_below_told(item.path))
                continue;
            report({Difference::Kind::added, item.path, "", text_of(*item.value)});
        }
        MILEPOST_TRY(progress_.finish());
        return result_;
    }

    Comparison& result() noexcept { return result_; }

private:
    [[nodiscard]] Result<void> check_patterns(const ContentItems& left, const ContentItems& right) const {
        for (const std::string& pattern : options_.only) {
            const auto fits = [&pattern](const ContentItems::Item& item) {
                return matches(pattern, item.path);
            };
            const auto in = [&fits](const ContentItems& all) {
                return std::any_of(all.items().begin(), all.items().end(), fits);
            };
            if (in(left) || in(right)) continue;
            Error error = convert::nothing_matches(pattern);
            const bool is_flat = options_.left_is_flat || options_.right_is_flat;
            if (!is_flat || left.items().empty()) return error;
            return Error(error.condition(),
                         message(error.message(), "; only names are compared here, such as '",
                                 escape(left.items().front().path, 120), "'"));
        }
        return {};
    }

    [[nodiscard]] Result<void> both(const ContentItems::Item& item, const Value& right) {
        ++result_.compared;
        const Value& left = *item.value;
        const auto* a = left.get_if<TensorView>();
        const auto* b = right.get_if<TensorView>();
        if (a != nullptr && b != nullptr) return tensors(item.path, *a, *b);
        const bool same = left.kind() == right.kind() && is_equal_leaf(left, right);
        if (same || is_close(left, right, options_.tolerance)) return {};
        if (left.kind() != right.kind()) told_.insert(item.path);
        report({Difference::Kind::changed, item.path, text_of(left), text_of(right)});
        return {};
    }

    [[nodiscard]] Result<void> tensors(const std::string& path, const TensorView& a, const TensorView& b) {
        const bool is_flat = options_.left_is_flat || options_.right_is_flat;
        const bool has_tolerance = options_.tolerance.relative != 0 || options_.tolerance.absolute != 0;
        bool same = a.shape() == b.shape() && (a.dtype() == b.dtype() || has_tolerance) &&
                    (is_flat || (a.role() == b.role() && a.requires_grad() == b.requires_grad()));
        Difference difference{Difference::Kind::changed, path, text_of(a), text_of(b)};
        const bool has_gap = a.shape() == b.shape() &&
                             (a.dtype() == b.dtype() ||
                              (number_kind(a.dtype().code) != NumberKind::none &&
                               number_kind(b.dtype().code) != NumberKind::none &&
                               numbers_per_element(a.dtype().code) == numbers_per_element(b.dtype().code)));
        if (has_gap) {
            auto gap = convert::gap_between(a, b, options_.tolerance, progress_);
            if (!gap) return gap.error().within(escape(path));
            difference.gap = *gap;
            same = same && gap->is_equal;
        } else {
            same = false;
        }
        if (!same) report(difference);
        return {};
    }

    /// Whether the path is a part of a value that one side does not have, or has as another kind: the
    /// difference was told with that value.
    [[nodiscard]] bool is_below_told(const std::string& path) const {
        for (std::size_t at = path.find('/'); at != std::string::npos; at = path.find('/', at + 1)) {
            if (told_.contains(path.substr(0, at))) return true;
        }
        return false;
    }

    void report(const Difference& difference) {
        ++result_.differences;
        if (difference.kind != Difference::Kind::changed) told_.insert(difference.path);
        if (!found_(difference)) is_stopped_ = true;
    }

    const CompareOptions& options_;
    const std::function<bool(const Difference&)>& found_;
    Comparison result_;
    convert::ProgressCounter progress_;
    std::set<std::string> told_;
    bool is_stopped_ = false;
};

}  // namespace

CompareOptions compare_options(FileFormat left, FileFormat right) {
    CompareOptions options;
    if (left == right) return options;
    options.left_is_flat = convert::row_of(left).is_flat;
    options.right_is_flat = convert::row_of(right).is_flat;
    return options;
}

Result<Comparison> compare(const Checkpoint& left, const Checkpoint& right, const CompareOptions& options,
                           const std::function<bool(const Difference&)>& found) {
    std::uint64_t nbytes = 0;
    if (options.progress) {
        walk_tensors(left, [&nbytes](const std::string&, const TensorView& tensor) {
            if (!base::checked_add(nbytes, tensor.nbytes(), nbytes)) nbytes = UINT64_MAX;
        });
    }
    Comparer comparer(options, found, nbytes);
    if (options.left_is_flat || options.right_is_flat) {
        comparer.result().notes.emplace_back(
            "only tensors were compared, by name: one of the formats holds nothing else");
        ContentItems a = ContentItems::flat(left), b = ContentItems::flat(right);
        return comparer.run(a, b);
    }
    ContentItems a(left), b(right);
    return comparer.run(a, b);
}

}  // namespace milepost
