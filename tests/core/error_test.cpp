#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <milepost/error.hpp>
#include <milepost/result.hpp>

using milepost::Code;
using milepost::Condition;
using milepost::Error;
using milepost::Result;

namespace {

/// The enumerators of Condition as the header lists them, each under the word of its code in the comment
/// above.
std::vector<std::pair<std::string, std::string>> conditions_of_header() {
    std::ifstream header(MILEPOST_SOURCE_ROOT "/include/milepost/error.hpp");
    std::vector<std::pair<std::string, std::string>> found;
    std::string line;
    std::string code;
    bool within = false;
    while (std::getline(header, line)) {
        if (line.find("enum class Condition") != std::string::npos) {
            within = true;
            continue;
        }
        if (!within) continue;
        if (line.find("};") != std::string::npos) break;
        if (const auto meaning = line.find("///<"); meaning != std::string::npos) line.resize(meaning);
        const auto comment = line.find("// ");
        if (comment != std::string::npos) {
            code = line.substr(comment + 3);
            continue;
        }
        std::string word;
        for (const char c : line + ",") {
            if (c == ',' && !word.empty()) found.emplace_back(code, std::exchange(word, {}));
            if (c != ',' && c != ' ') word.push_back(c);
        }
    }
    return found;
}

/// The meaning of each condition: what follows `///<` in the header.
std::vector<std::string> meanings_of_header() {
    std::ifstream header(MILEPOST_SOURCE_ROOT "/include/milepost/error.hpp");
    std::vector<std::string> found;
    std::string line;
    bool within = false;
    while (std::getline(header, line)) {
        within = (within || line.find("enum class Condition") != std::string::npos) &&
                 line.find("};") == std::string::npos;
        const auto meaning = line.find("///< ");
        if (within && meaning != std::string::npos) found.push_back(line.substr(meaning + 5));
    }
    return found;
}

/// The rows of appendix A of the specification, "code/condition" and meaning, in their order.
std::vector<std::pair<std::string, std::string>> rows_of_appendix() {
    std::ifstream page(MILEPOST_SOURCE_ROOT "/docs/format.md");
    std::vector<std::pair<std::string, std::string>> found;
    std::string line;
    bool within = false;
    while (std::getline(page, line)) {
        if (line.starts_with("## ")) within = line.starts_with("## Appendix A");
        if (!within || !line.starts_with("| ") || line.find('/') == std::string::npos) continue;
        const auto first = line.find(" | "), second = line.find(" | ", first + 3);
        found.emplace_back(line.substr(2, first - 2), line.substr(first + 3, second - first - 3));
    }
    return found;
}

}  // namespace

TEST_CASE("error: appendix A of docs/format.md and the header list the same conditions and meanings") {
    const auto meanings = meanings_of_header();
    const auto rows = rows_of_appendix();
    REQUIRE(meanings.size() == static_cast<std::size_t>(Condition::by_caller) + 1);
    REQUIRE(rows.size() == meanings.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto condition = static_cast<Condition>(i);
        const std::string word =
            std::string(name(milepost::code_of(condition))) + "/" + std::string(name(condition));
        CHECK(rows[i].first == word);
        CHECK(rows[i].second == meanings[i]);
    }
}

TEST_CASE("error: each condition has its word and belongs to the code under which the header lists it") {
    const auto conditions = conditions_of_header();
    REQUIRE(conditions.size() == static_cast<std::size_t>(Condition::by_caller) + 1);
    for (std::size_t i = 0; i < conditions.size(); ++i) {
        const auto condition = static_cast<Condition>(i);
        const std::string& code = conditions[i].first;
        const std::string& word = conditions[i].second;
        CAPTURE(word);
        CHECK(milepost::name(milepost::code_of(condition)) == code);
        CHECK(milepost::name(condition) == (word == "short_file" ? "short" : word));
    }
}

TEST_CASE("error: words are unique") {
    std::set<std::string_view> words;
    for (int i = 0; i <= static_cast<int>(Condition::by_caller); ++i) {
        CHECK(words.insert(milepost::name(static_cast<Condition>(i))).second);
    }
    std::set<std::string_view> codes;
    for (int i = 0; i <= static_cast<int>(Code::cancelled); ++i) {
        CHECK(codes.insert(milepost::name(static_cast<Code>(i))).second);
    }
}

TEST_CASE("error: one condition of each code") {
    CHECK(milepost::code_of(Condition::zero_header) == Code::not_a_checkpoint);
    CHECK(milepost::code_of(Condition::dtype) == Code::unsupported);
    CHECK(milepost::code_of(Condition::text_mode) == Code::corrupt);
    CHECK(milepost::code_of(Condition::group) == Code::corrupt);
    CHECK(milepost::code_of(Condition::index_bytes) == Code::limit_exceeded);
    CHECK(milepost::code_of(Condition::value) == Code::not_found);
    CHECK(milepost::code_of(Condition::save_name) == Code::invalid_argument);
    CHECK(milepost::code_of(Condition::out_of_memory) == Code::io_error);
    CHECK(milepost::code_of(Condition::empty) == Code::truncated);
    CHECK(milepost::code_of(Condition::other_dtype) == Code::mismatch);
    CHECK(milepost::code_of(Condition::directory_sync) == Code::not_durable);
    CHECK(milepost::code_of(Condition::by_caller) == Code::cancelled);
}

TEST_CASE("error: text is code/condition: message") {
    const Error error(Condition::short_file, "header: expected 64 bytes, found 12");
    CHECK(error.to_string() == "truncated/short: header: expected 64 bytes, found 12");
}

TEST_CASE("error: within leads the message and keeps the condition") {
    const Error error = Error(Condition::cut, "footer").within("a.milepost");
    CHECK(error.condition() == Condition::cut);
    CHECK(error.code() == Code::truncated);
    CHECK(error.message() == "a.milepost: footer");
}

TEST_CASE("result: holds a value or an error") {
    const Result<int> seven = 7;
    CHECK(seven.has_value());
    CHECK(*seven == 7);
    const Result<int> failed = Error(Condition::file, "no file");
    CHECK_FALSE(failed);
    CHECK(failed.error().condition() == Condition::file);
    const Result<void> done;
    CHECK(done);
    const Result<void> undone = Error(Condition::file, "no file");
    CHECK_FALSE(undone);
    CHECK(undone.error().condition() == Condition::file);
}
