#include "fixture.hpp"

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>

#include <milepost/dtype.hpp>
#include <milepost/options.hpp>
#include <milepost/writer.hpp>

#include "arena.hpp"
#include "failure.hpp"
#include "model.hpp"
#include "settings.hpp"

namespace bench {

Fixture::Fixture(Settings settings) : settings_(std::move(settings)), folder_(settings_.folder) {}

const Model& Fixture::model() {
    if (model_ == nullptr) model_ = std::make_unique<Model>(milepost::Dtype::bf16, settings_.nbytes(), 1);
    return *model_;
}

std::span<std::byte> Fixture::destination() {
    if (destination_ == nullptr) destination_ = std::make_unique<Arena>(settings_.nbytes());
    return destination_->bytes().first(model().nbytes());
}

const std::string& Fixture::raw_file() {
    return saved(raw_file_, "raw.milepost", milepost::Codec::raw);
}

const std::string& Fixture::packed_file() {
    return saved(packed_file_, "packed.milepost", milepost::Codec::planes);
}

const std::string& Fixture::saved(std::string& path, const char* name, milepost::Codec codec) {
    if (path.empty()) {
        const std::string target = folder_.file(name);
        must(milepost::save(target, model().checkpoint(), {.codec = codec}));
        path = target;
    }
    return path;
}

void Fixture::remove_and_settle(const std::string& path) const {
    ::unlink(path.c_str());
    if (settings_.scale == Scale::tiny) return;
    ::sync();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

}  // namespace bench
