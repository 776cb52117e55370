#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

namespace milepost::python {

/// A Python object that any thread may drop, whether it has the GIL or not.
using SharedObject = std::shared_ptr<nanobind::object>;
[[nodiscard]] SharedObject share(nanobind::object object);

/// A source whose bytes a Python function fetches: read(offset, memoryview) fills the view, which is valid
/// during the call. Any thread calls it, several at once; the GIL is held only meanwhile. What it raises is
/// io_error/read.
class CallableSource final : public Source {
public:
    CallableSource(nanobind::object read, std::uint64_t nbytes)
        : read_(share(std::move(read))), nbytes_(nbytes) {}

    Result<std::uint64_t> size() const override { return nbytes_; }
    Result<void> read(std::uint64_t offset, std::span<std::byte> to) const override;

private:
    SharedObject read_;
    std::uint64_t nbytes_;
};

/// A sink that gives its bytes to a Python function: write(memoryview), valid during the call. What it raises
/// is io_error/write.
class CallableSink final : public Sink {
public:
    explicit CallableSink(nanobind::object write) : write_(share(std::move(write))) {}

    Result<void> write(std::span<const std::byte> bytes) override;
    Result<void> commit() override { return {}; }

private:
    SharedObject write_;
};

}  // namespace milepost::python
