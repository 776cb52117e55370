#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/convert.hpp>
#include <milepost/milepost.hpp>

#include "outcome.hpp"
#include "support/gguf_file.hpp"
#include "support/scratch.hpp"

/// What the tests of GGUF share.
namespace milepost::testing {

template <class T>
std::string number(T value) {
    return GgufFile::number(value);
}
inline std::string text(std::string_view value) {
    return GgufFile::text(value);
}

/// The verdict on a file, with a part of the message where it is refused.
class Given {
public:
    explicit Given(const std::string& bytes, const Limits& limits = {}) {
        const std::string path = folder_ / "x.gguf";
        write_file(path, bytes);
        ImportOptions options;
        options.limits = limits;
        auto imported = import_file(path, options);
        if (imported) {
            verdict_ = "ok";
            checkpoint_ = std::move(imported->checkpoint);
            return;
        }
        verdict_ = word_of(imported.error());
        message_ = imported.error().message();
    }

    [[nodiscard]] const std::string& verdict() const { return verdict_; }
    [[nodiscard]] bool says(std::string_view what) const { return message_.find(what) != std::string::npos; }
    [[nodiscard]] const Checkpoint& checkpoint() const { return checkpoint_; }
    [[nodiscard]] const TensorView& tensor(std::string_view name) const {
        return *checkpoint_.models()[0].second.find(name)->get_if<TensorView>();
    }
    [[nodiscard]] const Dict* part(std::string_view name) const {
        const Value* value = checkpoint_.values().find(name);
        return value == nullptr ? nullptr : value->get_if<Dict>();
    }
    [[nodiscard]] std::string shown(std::string_view key) const {
        return to_string(*part("metadata")->find(key));
    }
    [[nodiscard]] std::string type(std::string_view key) const {
        const Value* found = part("gguf")->find("types")->get_if<Dict>()->find(key);
        return found == nullptr ? "" : found->get_if<String>()->text;
    }

private:
    ScratchFolder folder_;
    std::string verdict_, message_;
    Checkpoint checkpoint_;
};

inline std::string verdict_of(const std::string& bytes, const Limits& limits = {}) {
    return Given(bytes, limits).verdict();
}

inline std::string verdict_of_key(std::uint32_t type, std::string_view value, const Limits& limits = {}) {
    return verdict_of(GgufFile().key("k", type, value).bytes(), limits);
}

inline std::string exported(const Checkpoint& checkpoint, bool lossy = false) {
    const ScratchFolder folder;
    ExportOptions options;
    options.format = FileFormat::gguf;
    options.lossy = lossy;
    options.save.durable = false;
    const auto written = export_file(folder / "y.gguf", checkpoint, options);
    return written ? read_file(folder / "y.gguf") : word_of(written.error());
}

inline std::vector<std::string> gguf_losses(const Checkpoint& checkpoint) {
    std::vector<std::string> lines;
    for (const Loss& loss : find_losses(checkpoint, FileFormat::gguf))
        lines.push_back(loss.path + ": " + loss.reason);
    return lines;
}

inline char first_byte(const TensorView& tensor) {
    const auto loaded = tensor.load();
    return loaded ? static_cast<char>(loaded->bytes()[0]) : '\0';
}

inline bool same_bytes(const TensorView& a, const TensorView& b) {
    if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
    const auto left = a.load(), right = b.load();
    return left && right && std::ranges::equal(left->bytes(), right->bytes());
}

}  // namespace milepost::testing
