#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "convert/pickle/objects.hpp"

namespace milepost::convert::pickle {

/// The object that a pickle holds.
struct Unpickled {
    std::shared_ptr<Objects> objects;
    Ref root = Objects::kNone;
    /// Where the pickle ends: files of PyTorch before 1.6 have several, one after the other.
    std::uint64_t end = 0;
};

/// How globals are understood.
enum class Globals : std::uint8_t {
    of_data,         ///< those of the table, and no others
    of_torchscript,  ///< also classes below `__torch__`, whose objects become dicts of their attributes
};

/// Reads a pickle that is data only, from its first byte to STOP. Nothing is called or imported: a global is
/// a row of a table, and calling it makes an object of this table or an error. Errors: unsupported/opcode,
/// /global and /feature, corrupt/foreign, truncated/cut, limit_exceeded, each with the offset of the opcode.
/// Throws std::bad_alloc. Threads: any.
[[nodiscard]] Result<Unpickled> unpickle(std::string pickle, const Limits& limits,
                                         Globals globals = Globals::of_data);

/// The stack machine that unpickle() runs: its state, and what opcodes do to it. A value of the stack is the
/// number of an object.
class Machine {
public:
    Machine(std::string pickle, const Limits& limits, Globals globals);

    [[nodiscard]] Result<Unpickled> run();

    /// One function for each kind of opcode (opcodes.cpp). Errors: those of unpickle().
    ///@{
    Result<void> proto();
    Result<void> frame();
    Result<void> stop();
    Result<void> mark();
    Result<void> pop();
    Result<void> pop_mark();
    Result<void> memoize();
    Result<void> put_1();
    Result<void> put_4();
    Result<void> get_1();
    Result<void> get_4();
    Result<void> none();
    Result<void> true_();
    Result<void> false_();
    Result<void> int_1();
    Result<void> int_2();
    Result<void> int_4();
    Result<void> long_1();
    Result<void> long_4();
    Result<void> floating();
    Result<void> unicode_1();
    Result<void> unicode_4();
    Result<void> unicode_8();
    Result<void> bytes_1();
    Result<void> bytes_4();
    Result<void> bytes_8();
    Result<void> bytearray_8();
    Result<void> old_string_1();
    Result<void> old_string_4();
    Result<void> empty_list();
    Result<void> append();
    Result<void> appends();
    Result<void> empty_tuple();
    Result<void> tuple();
    Result<void> tuple_1();
    Result<void> tuple_2();
    Result<void> tuple_3();
    Result<void> empty_dict();
    Result<void> set_item();
    Result<void> set_items();
    Result<void> empty_set();
    Result<void> add_items();
    Result<void> global();
    Result<void> stack_global();
    Result<void> reduce();
    Result<void> new_object();
    Result<void> build();
    Result<void> persistent_id();
    ///@}

private:
    [[nodiscard]] Result<void> step();
    [[nodiscard]] std::string_view rest() const noexcept { return objects_->pickle().substr(at_); }

    /// The next bytes of the pickle. Errors: truncated/cut.
    ///@{
    [[nodiscard]] Result<std::string_view> take(std::uint64_t nbytes);
    [[nodiscard]] Result<std::uint64_t> take_number(std::size_t nbytes);
    [[nodiscard]] Result<std::string_view> take_line();
    ///@}

    /// The stack above the last mark. Errors: corrupt/foreign if it has fewer objects;
    /// limit_exceeded/records.
    ///@{
    [[nodiscard]] Result<void> push(Ref ref);
    [[nodiscard]] Result<void> push(Result<Ref> ref);
    [[nodiscard]] Result<Ref> pop_one();
    [[nodiscard]] Result<Ref> top() const;
    [[nodiscard]] std::size_t floor() const noexcept { return marks_.empty() ? 0 : marks_.back(); }
    /// All objects above the last mark, which goes.
    [[nodiscard]] Result<std::vector<Ref>> pop_to_mark();
    [[nodiscard]] Result<void> tuple_of(std::size_t count);
    ///@}

    [[nodiscard]] Result<void> put(std::uint64_t index);
    [[nodiscard]] Result<void> get(std::uint64_t index);
    [[nodiscard]] Result<void> text(Type type, std::size_t length_nbytes);
    [[nodiscard]] Result<void> long_of(std::string_view bytes);
    [[nodiscard]] Result<void> push_global(std::string_view module, std::string_view name);
    [[nodiscard]] Result<Ref> called(Ref function, Ref arguments);

    std::shared_ptr<Objects> objects_;
    Globals globals_;
    std::size_t at_ = 0;
    std::uint64_t opcode_count_ = 0;
    bool is_stopped_ = false;
    Ref root_ = Objects::kNone;
    std::vector<Ref> stack_;
    std::vector<std::size_t> marks_;
    std::vector<Ref> memo_;
};

}  // namespace milepost::convert::pickle
