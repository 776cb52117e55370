#include "convert/zip/inflater.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <utility>
#include <vector>

#include <zlib.h>

#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/result.hpp>
#include <milepost/text.hpp>

#include "base/message.hpp"
#include "convert/zip/archive.hpp"

namespace milepost::convert {
namespace {

constexpr std::size_t kWindowNbytes = std::size_t{256} << 10U;
constexpr std::size_t kWindowBlocks = 64;
constexpr std::size_t kInputNbytes = std::size_t{64} << 10U;

/// Of zlib: a raw stream, without a header of its own, as archives have them.
constexpr int kRawStream = -MAX_WBITS;

Error malformed(const ZipEntry& entry, std::uint64_t made) {
    return Error(Condition::foreign, base::message("zip entry ", escape(entry.name, 120),
                                                   ": its deflated bytes are malformed or do not become ",
                                                   entry.nbytes, " bytes; ", made, " were inflated"));
}

}  // namespace

Inflater::Inflater(const Source& file, const ZipEntry& entry) : file_(file), entry_(entry) {
    input_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kInputNbytes, entry.stored_nbytes)));
    if (inflateInit2(&stream_, kRawStream) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() {
    inflateEnd(&stream_);
}

Result<void> Inflater::read(std::uint64_t offset, std::span<std::byte> to) {
    read_nbytes_ += to.size();
    while (!to.empty()) {
        while (offset >= made_)
            MILEPOST_TRY(make_block());
        const std::uint64_t at = offset - window_begin_;
        const std::vector<std::byte>& block = window_[static_cast<std::size_t>(at / kWindowNbytes)];
        const auto begin = static_cast<std::size_t>(at % kWindowNbytes);
        const std::size_t count = std::min(to.size(), block.size() - begin);
        std::memcpy(to.data(), block.data() + begin, count);
        to = to.subspan(count);
        offset += count;
    }
    return {};
}

Result<void> Inflater::make_block() {
    std::vector<std::byte> block;
    if (window_.size() == kWindowBlocks) {
        block = std::move(window_.front());
        window_.pop_front();
        window_begin_ += kWindowNbytes;
    }
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowNbytes, entry_.nbytes - made_)));
    MILEPOST_TRY(fill(block));
    if (made_ + block.size() == entry_.nbytes) MILEPOST_TRY(check_end());
    made_ += block.size();
    window_.push_back(std::move(block));
    return {};
}

Result<void> Inflater::fill(std::span<std::byte> block) {
    stream_.next_out = reinterpret_cast<Bytef*>(block.data());
    stream_.avail_out = static_cast<uInt>(block.size());
    while (stream_.avail_out > 0) {
        if (stream_ended_) return malformed(entry_, made_ + block.size() - stream_.avail_out);
        if (stream_.avail_in == 0) MILEPOST_TRY(take_input());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR) throw std::bad_alloc();
        if (status != Z_OK && status != Z_STREAM_END)
            return malformed(entry_, made_ + block.size() - stream_.avail_out);
        stream_ended_ = status == Z_STREAM_END;
    }
    crc_ = static_cast<std::uint32_t>(
        crc32(crc_, reinterpret_cast<const Bytef*>(block.data()), static_cast<uInt>(block.size())));
    return {};
}

Result<void> Inflater::take_input() {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(input_.size(), entry_.stored_nbytes - input_taken_));
    if (count == 0) return malformed(entry_, made_);
    MILEPOST_TRY(file_.read(entry_.offset + input_taken_, std::span(input_).first(count)));
    input_taken_ += count;
    stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
    stream_.avail_in = static_cast<uInt>(count);
    return {};
}

/// The stream ends where the entry does, without another byte on either side.
Result<void> Inflater::check_end() {
    Bytef more = 0;
    while (!stream_ended_) {
        stream_.next_out = &more;
        stream_.avail_out = 1;
        if (stream_.avail_in == 0) MILEPOST_TRY(take_input());
        const int status = inflate(&stream_, Z_NO_FLUSH);
        if ((status != Z_OK && status != Z_STREAM_END) || stream_.avail_out == 0)
            return malformed(entry_, entry_.nbytes);
        stream_ended_ = status == Z_STREAM_END;
    }
    if (stream_.avail_in != 0 || input_taken_ != entry_.stored_nbytes)
        return malformed(entry_, entry_.nbytes);
    if (crc_ != entry_.crc)
        return Error(Condition::foreign_checksum,
                     base::message("zip entry ", escape(entry_.name, 120), ": its bytes have CRC-32 ", crc_,
                                   ", expected ", entry_.crc));
    return {};
}

std::unique_ptr<Inflater> InflaterPool::take(const void* entry) noexcept {
    const std::lock_guard lock(mutex_);
    for (auto& [kept_for, inflater] : kept_) {
        if (kept_for == entry && inflater != nullptr) return std::move(inflater);
    }
    return nullptr;
}

void InflaterPool::keep(const void* entry, std::unique_ptr<Inflater> inflater) noexcept {
    const std::lock_guard lock(mutex_);
    // A place that is free is as good as the oldest one.
    const auto free =
        std::find_if(kept_.begin(), kept_.end(), [](auto& kept) { return kept.second == nullptr; });
    const auto place = free == kept_.end() ? kept_.begin() : free;
    std::rotate(place, place + 1, kept_.end());
    kept_.back() = {entry, std::move(inflater)};
}

}  // namespace milepost::convert
