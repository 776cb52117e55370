#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <milepost/options.hpp>

#include "arena.hpp"
#include "files.hpp"
#include "model.hpp"
#include "settings.hpp"

namespace bench {

/// What several cases need: made when the first of them asks for it, kept until the end.
class Fixture {
public:
    explicit Fixture(Settings settings);

    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] const ScratchFolder& folder() const noexcept { return folder_; }

    /// The model that is saved and loaded: bf16, Settings::nbytes() in all.
    [[nodiscard]] const Model& model();
    /// As much memory, touched.
    [[nodiscard]] std::span<std::byte> destination();
    /// The model saved as it is, and with Codec::planes: warm() or evict() it before it is read.
    ///@{
    [[nodiscard]] const std::string& raw_file();
    [[nodiscard]] const std::string& packed_file();
    ///@}

    /// Before a write is measured: removes the file, lets the disk finish what it has to do, and rests for
    /// 0.1 s. Without it the flush of what was written before is measured, too.
    void remove_and_settle(const std::string& path) const;

private:
    [[nodiscard]] const std::string& saved(std::string& path, const char* name, milepost::Codec codec);

    Settings settings_;
    ScratchFolder folder_;
    std::unique_ptr<Model> model_;
    std::unique_ptr<Arena> destination_;
    std::string raw_file_;
    std::string packed_file_;
};

}  // namespace bench
