#pragma once

#include <string>

#include <doctest/doctest.h>

#include "failure.hpp"

/// Whether `text` holds `part`; shows the text if not.
inline bool says(const std::string& text, const std::string& part) {
    const bool found = text.find(part) != std::string::npos;
    if (!found) MESSAGE(text);
    return found;
}

/// What the Failure that `work` throws says; empty if it throws none.
template <class Work>
std::string failure_of(const Work& work) {
    try {
        work();
    } catch (const lenet::Failure& failure) {
        return failure.what();
    }
    return "";
}
