#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <milepost/export.hpp>
#include <milepost/options.hpp>
#include <milepost/tensor.hpp>
#include <milepost/value.hpp>

namespace milepost {

// Text for people: values, names from a file, and patterns of names. The library's messages, the command
// `milepost` and the examples all use these functions.
//
//     for (const auto& [name, value] : file->checkpoint().values())
//         std::cout << milepost::escape(name) << " = " << milepost::to_string(value, 60) << '\n';
//
//     epoch = 3
//     betas = (0.9, 0.999)
//     mean = f32[3]
//
// All functions are free of state and may be called by several threads. They throw nothing but
// std::bad_alloc. Text is UTF-8; a byte that is not part of valid UTF-8 is a character of its own.

// --- Words ---------------------------------------------------------------------------------------------

/// The word that listings and `--json` use: "raw", "zstd", "automatic"; "unknown" for any other number.
/// The words of Kind, Code and Condition are declared next to these types, and that of a dtype is
/// DtypeInfo::name.
MILEPOST_API std::string_view name(Codec codec) noexcept;

/// "plain", "parameter", "buffer"; "unknown" for any other number.
MILEPOST_API std::string_view name(Role role) noexcept;

// --- Values --------------------------------------------------------------------------------------------

/// A value as one line of text, close to what Python's repr() returns:
///
/// - null, bool: `None`, `True`, `False`;
/// - int: `-128`, decimal digits of any width;
/// - float: `0.001`, `1e-05`, `3.0`, `inf`, `nan`, the fewest digits that read back as the same number;
/// - complex: `(1+2j)`, `2.5j`;
/// - string: `'it'`, `"it's"`, quoted and escaped; dtype, layout: as it is; `device(type='cpu')`;
/// - bytes: `b'a'`, `bytearray(b'')`, other bytes than printable ASCII as two hexadecimal digits;
/// - list, tuple, set: `[1, 2]`, `(1,)`, `{1, 2}`, `set()`, `torch.Size([6, 3])`;
/// - dict: `{'lr': 0.1}`, `OrderedDict({})`, `Counter({'a': 2})`; attributes are not shown;
/// - tensor: `f32[6, 3, 5, 5]`, dtype and shape, not the elements.
///
/// Text from a file is escaped as by escape(). What is nested deeper than 64 levels is shown as "...". A text
/// of more than `max` characters is cut as by escape(). The memory used is in proportion to the text that is
/// returned, and the function is not recursive.
///
/// Numbers and tensors convert to a Value: `to_string(0.1)`, `to_string(integer)`, `to_string(view)`.
[[nodiscard]] MILEPOST_API std::string to_string(const Value& value, std::size_t max = std::string::npos);

// --- Escaping ------------------------------------------------------------------------------------------

/// The text in a form that is safe to print on a terminal or to put into a message, and from which the
/// original can be read: a character that is_hidden() becomes `\u{202e}` (its code point in hexadecimal
/// digits), a byte that is not UTF-8 becomes `\xff`, and a backslash is doubled. Everything else stays.
///
/// A text of more than `max` characters is cut to at most `max`, at the end of a character or of an escape,
/// and then ends in "...". A `max` below 3 counts as 3.
[[nodiscard]] MILEPOST_API std::string escape(std::string_view text, std::size_t max = std::string::npos);

/// Whether escape() replaces the character, because it can act on a terminal, or changes or hides how other
/// text is shown:
///
/// - control characters: U+0000-001F and U+007F-009F;
/// - line and paragraph separators: U+2028 and U+2029;
/// - characters that set the direction of text: U+061C, U+200E, U+200F, U+202A-202E and U+2066-2069;
/// - the other characters that are invisible (Unicode's property Default_Ignorable_Code_Point):
///   U+00AD, U+034F, U+115F, U+1160, U+17B4, U+17B5, U+180B-180F, U+200B-200D, U+2060-206F, U+3164,
///   U+FE00-FE0F, U+FEFF, U+FFA0, U+FFF0-FFF8, U+1BCA0-1BCA3, U+1D173-1D17A and U+E0000-E0FFF;
/// - interlinear annotations: U+FFF9-FFFB.
[[nodiscard]] MILEPOST_API bool is_hidden(char32_t code_point) noexcept;

/// One character of a text, or one byte that is not part of valid UTF-8.
struct Character {
    char32_t code_point;  ///< the value of the byte, if not valid
    std::size_t nbytes;   ///< 1 to 4
    bool valid;           ///< false for a byte that is not part of valid UTF-8
};

/// The first character of a text: for code that escapes in another notation than escape(), such as JSON's.
/// UTF-8 is valid without surrogates, overlong forms and numbers above U+10FFFF. Requires: `text` is not
/// empty.
[[nodiscard]] MILEPOST_API Character first_character(std::string_view text) noexcept;

// --- Patterns ------------------------------------------------------------------------------------------

/// Whether the pattern matches the whole name. LoadOptions and `milepost ls` take such patterns too.
///
/// | in a pattern | matches |
/// |---|---|
/// | `*` | any number of characters, also none, `.` and `/` included |
/// | `?` | one character |
/// | `[ab]`, `[a-z]` | one of the listed characters; a `]` that comes first is a member of the list |
/// | `[!ab]`, `[^a-z]` | one character that is not listed |
/// | `\` and a character | that character, without a special meaning |
/// | any other character | that character |
///
/// A `[` without a closing `]`, and a `\` at the end, match themselves. A name that holds special characters
/// is written with backslashes: `layers\[0\].weight`.
///
///     milepost::matches("model/*.weight", "model/conv1.weight")    // true
///     milepost::matches("fc[12].*", "fc3.bias")                    // false
///
/// Takes at most time in proportion to the product of the two lengths.
[[nodiscard]] MILEPOST_API bool matches(std::string_view pattern, std::string_view name);

}  // namespace milepost
