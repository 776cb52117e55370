#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <milepost/dtype.hpp>

using milepost::Dtype;
using milepost::find_dtype;

namespace {

using Rows = std::map<int, std::pair<std::string, int>>;

/// Adds the columns code, name, bits of one line of a table.
void add_row(Rows& rows, const std::string& line) {
    std::istringstream cells(line);
    std::string bar, name;
    int code = 0, bits = 0;
    cells >> bar >> code >> bar >> name >> bar >> bits;
    rows[code] = {name, bits};
}

/// The tables of docs/format.md, section 6.3.
Rows dtypes_of_format() {
    std::ifstream format(MILEPOST_SOURCE_ROOT "/docs/format.md");
    Rows rows;
    bool within = false;
    for (std::string line; std::getline(format, line);) {
        if (line.rfind("### ", 0) == 0) within = line.rfind("### 6.3", 0) == 0;
        const bool row = line.size() > 2 && line[0] == '|' && line[2] >= '0' && line[2] <= '9';
        if (within && row) add_row(rows, line);
    }
    return rows;
}

}  // namespace

TEST_CASE("dtype: the rows are those of the format") {
    const Rows rows = dtypes_of_format();
    REQUIRE(rows.size() == 26);
    for (const auto& row : rows) {
        CAPTURE(row.first);
        const auto found = find_dtype(static_cast<Dtype>(row.first));
        REQUIRE(found.has_value());
        CHECK(found->code == static_cast<Dtype>(row.first));
        CHECK(found->name == row.second.first);
        CHECK(found->bits == row.second.second);
        CHECK(find_dtype(row.second.first) == found);
    }
}

TEST_CASE("dtype: no row for other codes and names") {
    CHECK_FALSE(find_dtype(static_cast<Dtype>(0)).has_value());
    CHECK_FALSE(find_dtype(static_cast<Dtype>(27)).has_value());
    CHECK_FALSE(find_dtype(static_cast<Dtype>(255)).has_value());
    CHECK_FALSE(find_dtype("").has_value());
    CHECK_FALSE(find_dtype("F32").has_value());
    CHECK_FALSE(find_dtype("f3").has_value());
    CHECK_FALSE(find_dtype("f32 ").has_value());
}

namespace {

template <class T>
void check_size() {
    CHECK(find_dtype(milepost::dtype_of_v<T>)->bits == 8 * sizeof(T));
}

template <class... T>
void check_sizes() {
    (check_size<T>(), ...);
}

}  // namespace

TEST_CASE("dtype: C++ types have the size of their dtype") {
    check_sizes<bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t, std::uint16_t,
                std::uint32_t, std::uint64_t, milepost::f16, milepost::bf16, float, double,
                std::complex<float>, std::complex<double>>();
}
