#pragma once

/// All of Milepost. Start with Reader (reader.hpp), Checkpoint (checkpoint.hpp) and save (writer.hpp).

#include <milepost/checkpoint.hpp>
#include <milepost/dtype.hpp>
#include <milepost/error.hpp>
#include <milepost/io.hpp>
#include <milepost/load_into.hpp>
#include <milepost/options.hpp>
#include <milepost/reader.hpp>
#include <milepost/result.hpp>
#include <milepost/tensor.hpp>
#include <milepost/tensor_span.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>
#include <milepost/verify.hpp>
#include <milepost/version.hpp>
#include <milepost/writer.hpp>
