#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace milepost::convert::pickle {

/// Writes a pickle of protocol 2, as CPython's pickler does: texts and globals that come again are taken from
/// the memo. It knows opcodes and no objects; the caller puts them in the order that a stack machine needs.
/// All functions throw std::bad_alloc.
///
///     Writer pickle;
///     pickle.empty_dict();
///     pickle.text("epoch");
///     pickle.integer(3);
///     pickle.set_items(1);
///     std::string bytes = pickle.finish();
class Writer {
public:
    Writer();

    // One object each.
    void none() { bytes_ += 'N'; }
    void boolean(bool value) { bytes_ += value ? '\x88' : '\x89'; }
    void integer(std::uint64_t value);
    /// Two's complement, little-endian, as few bytes as possible. Requires: at most 255 bytes.
    void integer(std::span<const std::byte> bytes);
    void floating(double value);
    /// Requires: UTF-8 of less than 4 GiB, as in bytes().
    void text(std::string_view utf8);
    /// Bytes, as the text of their values. PyTorch reads no other form, nor that of CPython for none.
    void bytes(std::span<const std::byte> content);
    void global(std::string_view module, std::string_view name);
    void empty_list() { bytes_ += ']'; }
    void empty_dict() { bytes_ += '}'; }
    void empty_tuple() { bytes_ += ')'; }

    // What takes the objects before it from the stack.
    void mark() { bytes_ += '('; }
    /// Whether a tuple of that size needs mark() before its items; and the tuple after its items.
    ///@{
    [[nodiscard]] static bool needs_mark(std::size_t size) noexcept { return size > 3; }
    void tuple(std::size_t size);
    ///@}
    /// Puts items, or keys and values, into the container before them. More than one need mark() before them.
    ///@{
    void append(std::size_t count) { bytes_ += count == 1 ? 'a' : 'e'; }
    void set_items(std::size_t count) { bytes_ += count == 1 ? 's' : 'u'; }
    ///@}
    void reduce() { bytes_ += 'R'; }         ///< of a global and a tuple of its arguments
    void build() { bytes_ += 'b'; }          ///< of an object and a dict of its attributes
    void persistent_id() { bytes_ += 'Q'; }  ///< of a tuple

    /// The whole pickle. Nothing may be called after it.
    [[nodiscard]] std::string finish();

private:
    /// Whether it was written before: then its number is written instead.
    bool recall(const std::string& key);
    void remember(std::string key);

    std::string bytes_;
    std::unordered_map<std::string, std::uint32_t> memo_;  ///< by opcode and content
};

}  // namespace milepost::convert::pickle
