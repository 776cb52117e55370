#include "golden/rows.hpp"
#include "support/samples.hpp"

// Rules 17 to 22 of docs/format.md, section 6.5.
namespace milepost::golden {
namespace {

format::ValueRecord& first(Parts& p) {
    return p.columns.values[0];
}

/// Of the first value that has one.
std::uint32_t& first_size(Parts& p) {
    return p.columns.value_sizes[0];
}

void set_bytes(Parts& p, std::initializer_list<unsigned> bytes) {
    p.columns.value_bytes.clear();
    for (const unsigned byte : bytes)
        p.columns.value_bytes.push_back(static_cast<std::byte>(byte));
}

/// A dict with these keys, which save would refuse: a list, made a dict.
Parts keys(std::vector<Value> names) {
    List list;
    for (Value& name : names) {
        list.items.push_back(std::move(name));
        list.items.emplace_back();
    }
    Parts p = value_parts(std::move(list));
    first(p).kind = static_cast<std::uint8_t>(Kind::dict);
    return p;
}

/// A dict whose first child is `attributes`.
Parts attributed(Value attributes) {
    Parts p = value_parts(List{{std::move(attributes)}});
    first(p).kind = static_cast<std::uint8_t>(Kind::dict);
    first(p).subtype = format::kAttributesSubtype;
    return p;
}

/// A null at this depth.
Parts nested(unsigned depth) {
    Value value;
    for (unsigned i = 1; i < depth; ++i)
        value = List{{std::move(value)}};
    return value_parts(std::move(value));
}

Parts one_null() {
    return value_parts(nullptr);
}
Parts one_list() {
    return value_parts(List{{nullptr}});
}

constexpr Row kValueRows[] = {
    {.where = "rule 17",
     .name = "rule17-unknown-kind",
     .base = one_null,
     .edit = [](Parts& p) { first(p).kind = 12; },
     .expected = "corrupt/value_kind",
     .about = "A value of kind 12, which there is not."},
    {.where = "rule 17",
     .name = "rule17-kind-255",
     .base = one_null,
     .edit = [](Parts& p) { first(p).kind = 255; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-size-of-a-null",
     .base = one_null,
     .edit = [](Parts& p) { p.columns.value_sizes = {0}; },
     .expected = "corrupt/value_kind",
     .about = "A size that no value takes: a null has none."},
    {.where = "rule 17",
     .name = "rule17-size-of-a-bool",
     .base = [] { return value_parts(true); },
     .edit = [](Parts& p) { p.columns.value_sizes = {1}; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-size-of-a-float",
     .base = [] { return value_parts(1.0); },
     .edit = [](Parts& p) { p.columns.value_sizes = {8}; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-size-of-a-complex",
     .base = [] { return value_parts(std::complex<double>(1, 2)); },
     .edit = [](Parts& p) { p.columns.value_sizes = {16}; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-size-of-a-tensor",
     .base = [] { return value_parts(TensorView()); },
     .edit = [](Parts& p) { p.columns.value_sizes = {0}; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-size-missing",
     .edit = [](Parts& p) { p.columns.value_sizes.pop_back(); },
     .expected = "corrupt/value_kind",
     .about = "One size too few in value_sizes: the last string has none."},
    {.where = "rule 17",
     .name = "rule17-size-of-an-empty-list",
     .base = [] { return value_parts(List{}); },
     .edit = [](Parts& p) { p.columns.value_sizes.clear(); },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-null-subtype",
     .base = one_null,
     .edit = [](Parts& p) { first(p).subtype = 1; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-bool-2",
     .base = [] { return value_parts(true); },
     .edit = [](Parts& p) { first(p).subtype = 2; },
     .expected = "corrupt/value_kind",
     .about = "A bool of subtype 2, neither false nor true."},
    {.where = "rule 17",
     .name = "rule17-int-subtype",
     .base = [] { return value_parts(1); },
     .edit = [](Parts& p) { first(p).subtype = 1; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-float-subtype",
     .base = [] { return value_parts(1.0); },
     .edit = [](Parts& p) { first(p).subtype = 1; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-int-of-0-bytes",
     .base = [] { return value_parts(1); },
     .edit = [](Parts& p) { first_size(p) = 0; },
     .expected = "corrupt/value_kind",
     .about = "An int of no bytes."},
    {.where = "rule 17",
     .name = "rule17-int-of-256-bytes",
     .base = [] { return value_parts(1); },
     .edit =
         [](Parts& p) {
             first_size(p) = 256;
             p.columns.value_bytes.assign(256, std::byte{1});
         },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-string-subtype",
     .base = [] { return value_parts("a"); },
     .edit = [](Parts& p) { first(p).subtype = 4; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-bytes-subtype",
     .base = [] { return value_parts(Bytes{}); },
     .edit = [](Parts& p) { first(p).subtype = 2; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-tuple-subtype",
     .base = [] { return value_parts(Tuple{}); },
     .edit = [](Parts& p) { first(p).subtype = 2; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-dict-subtype",
     .base = [] { return value_parts(Dict{}); },
     .edit = [](Parts& p) { first(p).subtype = 3; },
     .expected = "corrupt/value_kind",
     .about = "A dict of subtype 3, which there is not."},
    {.where = "rule 17",
     .name = "rule17-list-with-attributes",
     .base = [] { return value_parts(List{}); },
     .edit = [](Parts& p) { first(p).subtype = 128; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-tensor-role-3",
     .edit = [](Parts& p) { first(p).subtype = 3; },
     .expected = "corrupt/value_kind"},
    {.where = "rule 17",
     .name = "rule17-tensor-subtype-8",
     .edit = [](Parts& p) { first(p).subtype = 8; },
     .expected = "corrupt/value_kind"},

    {.where = "rule 18",
     .name = "rule18-past-the-end",
     .base = one_list,
     .edit = [](Parts& p) { first_size(p) = 2; },
     .expected = "corrupt/value_tree",
     .about = "A list of two children, of which the column holds one."},
    {.where = "rule 18",
     .name = "rule18-orphan",
     .base = one_list,
     .edit = [](Parts& p) { first_size(p) = 0; },
     .expected = "corrupt/value_tree",
     .about = "A value that is not the child of any value."},
    {.where = "rule 18",
     .name = "rule18-cycle",
     .base = one_null,
     .edit =
         [](Parts& p) {
             p.columns.values.push_back({static_cast<std::uint8_t>(Kind::list), 0});
             p.columns.value_sizes.push_back(1);
         },
     .expected = "corrupt/value_tree",
     .about = "A list that would be its own child."},
    {.where = "rule 18",
     .name = "rule18-wraps",
     .base =
         [] {
             return value_parts(List{{List{}, List{}}});
         },
     .edit =
         [](Parts& p) {
             p.columns.value_sizes = {2, 0xFFFFFFFF, 1};
         },
     .expected = "corrupt/value_tree"},

    {.where = "rule 19",
     .name = "rule19-depth-65",
     .base = [] { return nested(64); },
     .edit =
         [](Parts& p) {
             p.columns.values.back() = {static_cast<std::uint8_t>(Kind::list), 0};
             p.columns.value_sizes.push_back(1);
             p.columns.values.push_back({});
         },
     .expected = "limit_exceeded/depth",
     .about = "A value at depth 65: a null in 64 lists."},
    {.where = "rule 19", .name = "rule19-depth-64", .base = [] { return nested(64); }, .expected = "ok"},
    {.where = "rule 19",
     .name = "rule19-limit",
     .base = one_list,
     .expected = "limit_exceeded/depth",
     .limits = "depth=1"},

    {.where = "rule 20",
     .name = "rule20-left-over",
     .base = [] { return value_parts(1); },
     .edit =
         [](Parts& p) {
             set_bytes(p, {1, 1});
         },
     .expected = "corrupt/value_bytes",
     .about = "Two bytes in the pool, of which the only int takes one."},
    {.where = "rule 20",
     .name = "rule20-missing",
     .base = [] { return value_parts("ab"); },
     .edit = [](Parts& p) { set_bytes(p, {'a'}); },
     .expected = "corrupt/value_bytes"},
    {.where = "rule 20",
     .name = "rule20-4-gib",
     .base = [] { return value_parts("ab"); },
     .edit = [](Parts& p) { first_size(p) = 0xFFFFFFFF; },
     .expected = "corrupt/value_bytes"},
    {.where = "rule 20",
     .name = "rule20-float-of-7-bytes",
     .base = [] { return value_parts(1.0); },
     .edit = [](Parts& p) { p.columns.value_bytes.pop_back(); },
     .expected = "corrupt/value_bytes",
     .about = "A float and seven bytes for it."},
    {.where = "rule 20",
     .name = "rule20-complex-of-15-bytes",
     .base = [] { return value_parts(std::complex<double>(1, 2)); },
     .edit = [](Parts& p) { p.columns.value_bytes.pop_back(); },
     .expected = "corrupt/value_bytes"},
    {.where = "rule 20",
     .name = "rule20-no-utf8",
     .base = [] { return value_parts("abc"); },
     .edit =
         [](Parts& p) {
             set_bytes(p, {0xED, 0xA0, 0x80});
         },
     .expected = "corrupt/value_bytes",
     .about = "A string whose bytes are a surrogate."},
    {.where = "rule 20",
     .name = "rule20-split-character",
     .base =
         [] {
             return value_parts(List{{"a", "b"}});
         },
     .edit =
         [](Parts& p) {
             set_bytes(p, {0xC3, 0xA9});
         },
     .expected = "corrupt/value_bytes"},

    {.where = "rule 21",
     .name = "rule21-zero-in-front",
     .base = [] { return value_parts(255); },
     .edit =
         [](Parts& p) {
             set_bytes(p, {1, 0});
         },
     .expected = "corrupt/value_kind",
     .about = "The int 1 in two bytes, one more than it needs."},
    {.where = "rule 21",
     .name = "rule21-sign-in-front",
     .base = [] { return value_parts(255); },
     .edit =
         [](Parts& p) {
             set_bytes(p, {0xFF, 0xFF});
         },
     .expected = "corrupt/value_kind"},

    {.where = "rule 22",
     .name = "rule22-odd",
     .base =
         [] {
             return value_parts(List{{"a", 1, "b"}});
         },
     .edit = [](Parts& p) { first(p).kind = static_cast<std::uint8_t>(Kind::dict); },
     .expected = "corrupt/value_key",
     .about = "A dict with a key that has no value."},
    {.where = "rule 22",
     .name = "rule22-equal-keys",
     .base =
         [] {
             return keys({1, 1.0});
         },
     .expected = "corrupt/value_key",
     .about = "A dict with the keys 1 and 1.0, which Python holds equal."},
    {.where = "rule 22",
     .name = "rule22-one-and-true",
     .base =
         [] {
             return keys({true, 1});
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-zeros",
     .base =
         [] {
             return keys({-0.0, 0});
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-wide-and-float",
     .base =
         [] {
             return keys({wide_integer(0, 1), 18446744073709551616.0});
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-subtypes-of-strings",
     .base =
         [] {
             return keys({"torch.float32", String{"torch.float32", StringSubtype::dtype}});
         },
     .expected = "corrupt/value_key",
     .about = "A dict with the keys \"torch.float32\" and torch.float32: two in Python, one here."},
    {.where = "rule 22",
     .name = "rule22-subtypes-of-tuples",
     .base =
         [] {
             return keys({Tuple{{1}, TupleSubtype::tuple}, Tuple{{true}, TupleSubtype::size}});
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-subtypes-of-bytes",
     .base =
         [] {
             return keys({Bytes{}, Bytes{{}, BytesSubtype::bytearray}});
         },
     .expected = "corrupt/value_key",
     .about = "A dict with bytes and a bytearray as keys, both empty."},
    {.where = "rule 22",
     .name = "rule22-list-as-key",
     .base = [] { return keys({List{}}); },
     .expected = "corrupt/value_key",
     .about = "A dict with a list as a key."},
    {.where = "rule 22",
     .name = "rule22-dict-as-key",
     .base = [] { return keys({Dict{}}); },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-complex-as-key",
     .base = [] { return keys({std::complex<double>(1, 0)}); },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-nan-as-key",
     .base = [] { return keys({double_of(0x7FF8000000000000U)}); },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-list-in-a-tuple",
     .base = [] { return keys({Tuple{{List{}}}}); },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-set-not-ascending",
     .base =
         [] {
             return value_parts(Set{{1, 2}});
         },
     .edit =
         [](Parts& p) {
             set_bytes(p, {2, 1});
         },
     .expected = "corrupt/value_key",
     .about = "A set whose elements do not ascend by canonical key."},
    {.where = "rule 22",
     .name = "rule22-set-twice",
     .base =
         [] {
             return value_parts(Set{{1, 2}});
         },
     .edit =
         [](Parts& p) {
             set_bytes(p, {1, 1});
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-attributes-missing",
     .base = [] { return value_parts(Dict{}); },
     .edit = [](Parts& p) { first(p).subtype = 128; },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-attributes-no-dict",
     .base = [] { return attributed(List{}); },
     .expected = "corrupt/value_key",
     .about = "A dict whose attributes are a list."},
    {.where = "rule 22",
     .name = "rule22-attributes-ordered",
     .base = [] { return attributed(dict_of({}, DictSubtype::ordered_dict)); },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-attribute-1",
     .base =
         [] {
             return attributed(dict_of({{1, 2}}));
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-attributes-nested",
     .base =
         [] {
             Dict inner;
             inner.attributes = {{"a", 1}};
             return attributed(std::move(inner));
         },
     .expected = "corrupt/value_key"},
    {.where = "rule 22",
     .name = "rule22-metadata",
     .base = [] { return entry_parts({}); },
     .edit =
         [](Parts& p) {
             p.columns.values.back().kind = static_cast<std::uint8_t>(Kind::list);
             p.columns.value_sizes.push_back(0);
         },
     .expected = "corrupt/value_key",
     .about = "A model whose metadata is a list."},
};

}  // namespace

std::span<const Row> value_rows() {
    return kValueRows;
}

}  // namespace milepost::golden
