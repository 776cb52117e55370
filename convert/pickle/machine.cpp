#include "convert/pickle/machine.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/result.hpp>

#include "base/message.hpp"
#include "convert/pickle/objects.hpp"
#include "convert/pickle/opcodes.hpp"

namespace milepost::convert::pickle {

using base::message;

Result<Unpickled> unpickle(std::string pickle, const Limits& limits, Globals globals) {
    return Machine(std::move(pickle), limits, globals).run();
}

Machine::Machine(std::string pickle, const Limits& limits, Globals globals)
    : objects_(std::make_shared<Objects>(std::move(pickle), limits)), globals_(globals) {}

Result<Unpickled> Machine::run() {
    while (!is_stopped_)
        MILEPOST_TRY(step());
    return Unpickled{std::move(objects_), root_, at_};
}

Result<void> Machine::step() {
    const std::size_t begin = at_;
    if (rest().empty()) return Error(Condition::cut, message("the pickle ends at ", begin, " without STOP"));
    const auto byte = static_cast<std::uint8_t>(rest()[0]);
    const Opcode* const opcode = find_opcode(byte);
    if (opcode == nullptr)
        return Error(Condition::opcode, message("byte ", static_cast<unsigned>(byte), " at ", begin,
                                                " is not an opcode of a pickle"));
    if (opcode->run == nullptr)
        return Error(Condition::opcode,
                     message("opcode ", opcode->name, " at ", begin, " is not read: ", opcode->reason));
    ++at_;
    ++opcode_count_;
    const auto done = (this->*opcode->run)();
    if (!done) return done.error().within(message("opcode ", opcode->name, " at ", begin));
    return {};
}

Result<std::string_view> Machine::take(std::uint64_t nbytes) {
    if (nbytes > rest().size())
        return Error(Condition::cut,
                     message("takes ", nbytes, " bytes, and the pickle has ", rest().size(), " more"));
    const std::string_view taken = rest().substr(0, static_cast<std::size_t>(nbytes));
    at_ += taken.size();
    return taken;
}

Result<std::uint64_t> Machine::take_number(std::size_t nbytes) {
    MILEPOST_TRY_ASSIGN(const std::string_view bytes, take(nbytes));
    std::uint64_t number = 0;
    for (std::size_t i = nbytes; i-- > 0;)
        number = number << 8U | static_cast<unsigned char>(bytes[i]);
    return number;
}

/// The names of a global are short: a line that is longer than any name is not one.
Result<std::string_view> Machine::take_line() {
    constexpr std::size_t kLongest = 65'536;
    const std::string_view begin = rest().substr(0, kLongest);
    const std::size_t end = begin.find('\n');
    if (end == std::string_view::npos) {
        if (begin.size() < kLongest)
            return Error(Condition::cut, "the pickle ends within the name of a global");
        return Error(Condition::foreign, message("the name of a global is longer than ", kLongest, " bytes"));
    }
    at_ += end + 1;
    return begin.substr(0, end);
}

Result<void> Machine::push(Ref ref) {
    if (stack_.size() >= objects_->limits().max_records)
        return Error(Condition::records,
                     message("the stack has more than ", objects_->limits().max_records, " objects"));
    stack_.push_back(ref);
    return {};
}

Result<void> Machine::push(Result<Ref> ref) {
    if (!ref) return std::move(ref).error();
    return push(*ref);
}

Result<Ref> Machine::pop_one() {
    MILEPOST_TRY_ASSIGN(const Ref ref, top());
    stack_.pop_back();
    return ref;
}

Result<Ref> Machine::top() const {
    if (stack_.size() <= floor())
        return Error(Condition::foreign,
                     "takes an object from the stack, which has none after the last MARK");
    return stack_.back();
}

Result<std::vector<Ref>> Machine::pop_to_mark() {
    if (marks_.empty()) return Error(Condition::foreign, "there is no MARK on the stack");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<Ref> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return items;
}

Result<void> Machine::tuple_of(std::size_t count) {
    if (stack_.size() - floor() < count)
        return Error(Condition::foreign, message("makes a tuple of ", count, " objects, and the stack has ",
                                                 stack_.size() - floor(), " after the last MARK"));
    const auto begin = stack_.end() - static_cast<std::ptrdiff_t>(count);
    std::vector<Ref> items(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    return push(objects_->add_container(Type::tuple, std::move(items)));
}

/// Picklers count: an index is never above the number of opcodes. So the memo is as large as the pickle.
Result<void> Machine::put(std::uint64_t index) {
    constexpr Ref kNotSet = UINT32_MAX;
    if (index > opcode_count_ || index >= objects_->limits().max_records)
        return Error(Condition::foreign, message("memo index ", index, " after ", opcode_count_, " opcodes"));
    MILEPOST_TRY_ASSIGN(const Ref ref, top());
    if (index >= memo_.size()) memo_.resize(static_cast<std::size_t>(index) + 1, kNotSet);
    memo_[static_cast<std::size_t>(index)] = ref;
    return {};
}

Result<void> Machine::get(std::uint64_t index) {
    if (index >= memo_.size() || memo_[static_cast<std::size_t>(index)] >= objects_->size())
        return Error(Condition::foreign, message("memo index ", index, " was not set"));
    return push(memo_[static_cast<std::size_t>(index)]);
}

}  // namespace milepost::convert::pickle
