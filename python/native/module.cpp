#include <nanobind/nanobind.h>

#include <milepost/milepost.hpp>

#include "builtin_types.hpp"
#include "checkpoint.hpp"
#include "convert.hpp"
#include "dlpack.hpp"
#include "file.hpp"
#include "load_into.hpp"
#include "run.hpp"
#include "tensor.hpp"

NB_MODULE(_native, module) {
    module.doc() =
        "The library of Milepost, for the package milepost alone: its functions are not an interface.";
    module.attr("version") = MILEPOST_VERSION;
    milepost::python::BuiltinTypes::get();  // not first by two threads at once, of which one has the GIL
    milepost::python::bind_tensor(module);
    milepost::python::bind_file(module);
    milepost::python::bind_checkpoint(module);
    milepost::python::bind_convert(module);
    milepost::python::bind_load_into(module);
    milepost::python::bind_dlpack(module);
    milepost::python::bind_run(module);
}
