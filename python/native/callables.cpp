#include "callables.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace nb = nanobind;

namespace milepost::python {
namespace {

nb::object memoryview_of(const std::byte* data, std::size_t nbytes, int flags) {
    // The interface of C takes no const; PyBUF_READ makes the view read-only.
    auto* address = const_cast<char*>(reinterpret_cast<const char*>(data));
    const auto made = nb::steal(PyMemoryView_FromMemory(address, static_cast<Py_ssize_t>(nbytes), flags));
    if (!made.is_valid()) throw nb::python_error();
    return made;
}

/// Calls `call` with the GIL; what it raises is the error.
template <class Call>
Result<void> guarded(Condition condition, const Call& call) {
    const nb::gil_scoped_acquire gil;
    try {
        call();
    } catch (const nb::python_error& error) {
        return Error(condition, std::string(nb::type_name(error.type()).c_str()) + ": " +
                                    nb::str(error.value()).c_str());
    }
    return {};
}

}  // namespace

SharedObject share(nb::object object) {
    return {new nb::object(std::move(object)), [](nb::object* held) {
                const nb::gil_scoped_acquire gil;
                delete held;
            }};
}

Result<void> CallableSource::read(std::uint64_t offset, std::span<std::byte> to) const {
    return guarded(Condition::read, [&] {
        const nb::object view = memoryview_of(to.data(), to.size(), PyBUF_WRITE);
        (*read_)(offset, view);
        view.attr("release")();  // the memory is not there later: nobody may keep the view
    });
}

Result<void> CallableSink::write(std::span<const std::byte> bytes) {
    return guarded(Condition::write, [&] {
        const nb::object view = memoryview_of(bytes.data(), bytes.size(), PyBUF_READ);
        (*write_)(view);
        view.attr("release")();
    });
}

}  // namespace milepost::python
