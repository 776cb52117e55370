#pragma once

// IWYU pragma: begin_exports
#include <milepost/async_saver.hpp>
#include <milepost/checkpoint.hpp>
#include <milepost/digest.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/load_all.hpp>
#include <milepost/load_into.hpp>
#include <milepost/options.hpp>
#include <milepost/progress.hpp>
#include <milepost/read_plan.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/run.hpp>
#include <milepost/stable_vector.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/verify.hpp>
#include <milepost/version.hpp>
#include <milepost/walk.hpp>
#include <milepost/writer.hpp>

/// All of Milepost. Start with Checkpoint (checkpoint.hpp), save() (writer.hpp), Reader (reader.hpp) and
/// load_into() (load_into.hpp); examples/save_load.cpp uses each of them. Run (run.hpp) is for the many
/// checkpoints of one training run.
namespace milepost {}
// IWYU pragma: end_exports
