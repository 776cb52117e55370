#pragma once

/// Marks what the shared library exports; everything else stays hidden.
#if defined(__GNUC__)
#define MILEPOST_API __attribute__((visibility("default")))
#else
#define MILEPOST_API
#endif
