#include "support/samples.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <deque>
#include <limits>
#include <random>
#include <string_view>

namespace milepost::testing {
namespace {

/// Bytes that are never freed: the checkpoints' views borrow from them.
template <std::size_t kNbytes, std::uint32_t kKind>
std::span<const std::byte> lasting_bytes() {
    static const std::vector<std::byte> bytes = make_bytes(kNbytes, kKind);
    return bytes;
}

TensorView floats(Shape shape, std::uint64_t offset = 0, Strides strides = {}) {
    return TensorView(*find_dtype(Dtype::f32), std::move(shape), StorageView(std::as_bytes(six_floats())),
                      offset, std::move(strides));
}

std::vector<std::byte> bytes_from(std::initializer_list<unsigned> numbers) {
    std::vector<std::byte> bytes;
    for (const unsigned number : numbers)
        bytes.push_back(static_cast<std::byte>(number));
    return bytes;
}

void add_integers(Entries& values) {
    values["int zero"] = 0;
    values["int -1"] = -1;
    values["int 255"] = 255;
    values["int 2^53"] = std::int64_t{1} << 53U;
    values["int 2^53+1"] = (std::int64_t{1} << 53U) + 1;
    values["int min64"] = std::numeric_limits<std::int64_t>::min();
    values["int max64"] = std::numeric_limits<std::uint64_t>::max();
    values["int 2^127-1"] = wide_integer(UINT64_MAX, UINT64_MAX >> 1U);
    values["int -2^127"] = wide_integer(0, std::uint64_t{1} << 63U);
    std::vector<std::byte> widest(255, std::byte{0x11});
    values["int of 255 bytes"] = Integer{widest};
}

void add_floats(Entries& values) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    values["float 0.1"] = 0.1;
    values["float 1.0"] = 1.0;
    values["float -0.0"] = -0.0;
    values["float least"] = std::numeric_limits<double>::denorm_min();
    values["float greatest"] = std::numeric_limits<double>::max();
    values["float inf"] = kInfinity;
    values["float -inf"] = -kInfinity;
    values["float nan"] = double_of(0x7FF8000000000000U);
    values["float nan with payload"] = double_of(0xFFF8000000ABCDEFU);
    values["float signalling nan"] = double_of(0x7FF0000000000001U);
    values["complex"] = std::complex<double>(1.5, -0.0);
    values["complex nan"] = std::complex<double>(double_of(0x7FF8000000000007U), -kInfinity);
}

void add_texts(Entries& values) {
    values["string"] = "Grüße, 世界, 🚀";
    values["string empty"] = "";
    values["string with controls"] = std::string("a\0b\n\x1b[31m", 9);
    values["string dtype"] = String{"torch.float32", StringSubtype::dtype};
    values["string device"] = String{"cuda:0", StringSubtype::device};
    values["string layout"] = String{"torch.strided", StringSubtype::layout};
    values["bytes"] = Bytes{bytes_from({0x00, 0xFF, 0x80}), BytesSubtype::bytes};
    values["bytes empty"] = Bytes{};
    values["bytearray"] = Bytes{bytes_from({0x01}), BytesSubtype::bytearray};
}

/// Keys of every kind; 1 and "1" are different keys, as in Python.
Dict every_key() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return dict_of({{nullptr, 0},
                    {true, 1},
                    {0, 2},
                    {2.5, 3},
                    {kInfinity, 4},
                    {"1", 5},
                    {-1, 6},
                    {Bytes{bytes_from({0x31}), BytesSubtype::bytes}, 7},
                    {Tuple{{1, "a", Tuple{{nullptr}, TupleSubtype::tuple}}, TupleSubtype::tuple}, 8},
                    {wide_integer(0, 1), 9},
                    {1e22, 10}});
}

void add_containers(Entries& values) {
    values["list"] = List{{1, List{{2.0, List{}}}, nullptr, "three"}};
    values["tuple"] = Tuple{{1, true}, TupleSubtype::tuple};
    values["tuple Size"] = Tuple{{6, 3, 5, 5}, TupleSubtype::size};
    values["set"] = Set{{3, 1, "b", nullptr, 2.5, Tuple{{1, 2}, TupleSubtype::tuple}}};
    values["dict"] = every_key();
    Dict ordered = dict_of({{"inner", dict_of({{"x", 1}}, DictSubtype::counter)}}, DictSubtype::ordered_dict);
    ordered.attributes = {{"_metadata", dict_of({{"", dict_of({{"version", 2}})}})}, {"note", "kept"}};
    values["dict with attributes"] = std::move(ordered);
    values["dict empty"] = Dict{};
    values["list of tensors"] = List{{floats({2, 3}), dict_of({{"last", floats({1}, 20)}})}};
}

Value group_of_betas(double first, double second) {
    return Tuple{{first, second}, TupleSubtype::tuple};
}

void add_adam(Checkpoint& checkpoint) {
    OptimizerState& adam = checkpoint.optimizer("adam");
    adam.algorithm = "AdamW";
    ParamGroup& first = adam.param_groups.emplace_back();
    first.hyperparameters["lr"] = 0.001;
    first.hyperparameters["betas"] = group_of_betas(0.9, 0.999);
    first.hyperparameters["amsgrad"] = false;
    first.params = {0, 1, 1};  // within one group a parameter may occur twice
    first.param_names = std::vector<std::string>{"weight", "bias", "bias"};
    first.params_position = 0;
    first.param_names_position = 2;
    ParamGroup& second = adam.param_groups.emplace_back();
    second.hyperparameters["lr"] = floats({}, 4);
    second.params = {7, std::uint64_t{1} << 60U};
    adam.param_groups.emplace_back();  // no hyperparameters, no parameters
    adam.state[0]["step"] = 12;
    adam.state[0]["exp_avg"] = floats({2, 3});
    adam.state[0]["exp_avg_sq"] = floats({6});
    adam.state[99]["step"] = floats({}, 8);  // no group lists 99
    adam.state[7];                           // a state without entries
    adam.state_extra["ema"] = dict_of({{"decay", 0.99}});
    adam.extra["defaults"] = nullptr;
    adam.extra["order"] = List{{"lr", "betas"}};
}

}  // namespace

Integer wide_integer(std::uint64_t low, std::uint64_t high) {
    Integer integer;
    for (const std::uint64_t word : {low, high}) {
        for (unsigned i = 0; i < 8; ++i)
            integer.bytes.push_back(static_cast<std::byte>(word >> (8 * i)));
    }
    while (integer.bytes.size() > 1 && integer.bytes.back() == std::byte{0} &&
           (integer.bytes[integer.bytes.size() - 2] & std::byte{0x80}) == std::byte{0}) {
        integer.bytes.pop_back();
    }
    return integer;
}

double double_of(std::uint64_t bits) {
    return std::bit_cast<double>(bits);
}

Dict dict_of(StableVector<std::pair<Value, Value>> items, DictSubtype subtype) {
    Dict dict;
    dict.items = std::move(items);
    dict.subtype = subtype;
    return dict;
}

std::span<const float> six_floats() {
    static const std::array<float, 6> numbers = {0, 1, 2, 3, 4, 5};
    return numbers;
}

std::vector<std::byte> make_bytes(std::size_t nbytes, std::uint32_t kind) {
    std::vector<std::byte> bytes(nbytes);
    std::uint32_t state = kind;
    for (std::size_t i = 0; i < nbytes; ++i) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = static_cast<std::byte>(kind == 0 ? i >> 12U : state >> 24U);
    }
    return bytes;
}

Checkpoint every_value() {
    Checkpoint checkpoint;
    Entries& values = checkpoint.values();
    values["null"] = nullptr;
    values["true"] = true;
    values["false"] = false;
    add_integers(values);
    add_floats(values);
    add_texts(values);
    add_containers(values);
    return checkpoint;
}

Checkpoint every_dtype() {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    for (unsigned code = 1; code < 256; ++code) {
        const auto dtype = find_dtype(static_cast<Dtype>(code));
        if (!dtype) continue;
        // 8 elements fill whole bytes, whatever their size.
        const std::size_t nbytes = dtype->bits;
        model[dtype->name] = TensorView(*dtype, {2, 4}, StorageView(lasting_bytes<128, 7>().first(nbytes)));
    }
    return checkpoint;
}

Checkpoint every_shape() {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("shapes");
    model["rank 0"] = floats({}, 4);
    model["rank 1"] = floats({6});
    model["rank 2, a parameter"] = floats({2, 3}).with_role(Role::parameter, true);
    model["tied"] = floats({2, 3}).with_role(Role::buffer);
    model["sliced"] = floats({2}, 8);
    model["overlapping"] = floats({4, 3}, 0, {1, 1});
    model["transposed"] = floats({3, 2}, 0, {1, 3});
    model["expanded"] = floats({std::uint64_t{1} << 40U, 2}, 0, {0, 1});
    model["every second"] = floats({3}, 4, {2});
    model["stride of a dim of 1"] = floats({2, 1, 3}, 0, {2, 77, 1});
    model["rank 64"] = floats(Shape(64, 1), 20);
    model["empty"] = TensorView();
    model["empty of rank 3"] = floats({3, 0, 2});
    model["empty at the end"] = floats({0}, 24);
    model["empty storage"] = TensorView(*find_dtype(Dtype::i64), {0, 5}, StorageView());
    return checkpoint;
}

Checkpoint odd_names() {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("../../etc/passwd");
    model["e\u0301"] = 1;  // equal after NFC
    model["\u00e9"] = 2;
    model["\u202eevil\u202c"] = 3;
    model["a/b"] = 4;
    model["'quoted' \"twice\" \\"] = 5;
    model[std::string(4096, 'n')] = 6;
    checkpoint.values()["C:\\x"] = 7;
    checkpoint.values()["\U0001F600"] = 8;
    return checkpoint;
}

Checkpoint several_models() {
    Checkpoint checkpoint;
    StateDict& teacher = checkpoint.model("teacher");
    teacher["weight"] = floats({2, 3}).with_role(Role::parameter, true);
    teacher["bias"] = floats({3}, 12).with_role(Role::parameter, true);
    teacher["extra_state"] = dict_of({{"scale", floats({1}, 4)}, {1, "one"}});
    teacher.metadata = dict_of({{"", dict_of({{"version", 1}})}, {"bn", dict_of({{"version", 2}})}});
    StateDict& student = checkpoint.model("student");
    student["weight"] = floats({2, 3}).with_role(Role::parameter, true);  // tied with the teacher's
    student["running"] = floats({2}).with_role(Role::buffer);
    checkpoint.model("empty model");
    checkpoint.optimizer("sgd").param_groups.emplace_back().hyperparameters["lr"] = 0.1;
    checkpoint.values()["epoch"] = 3;
    checkpoint.values()["best"] = 0.75;
    checkpoint.set_order({"epoch", "student", "sgd", "best", "teacher", "empty model"});
    return checkpoint;
}

Checkpoint several_optimizers() {
    Checkpoint checkpoint;
    add_adam(checkpoint);
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    ParamGroup& group = sgd.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.1;
    group.params = {0};
    sgd.state[0]["momentum_buffer"] = nullptr;
    checkpoint.optimizer("nothing");
    return checkpoint;
}

Checkpoint named_params() {
    Checkpoint checkpoint;
    OptimizerState& first = checkpoint.optimizer("first");
    first.param_groups.emplace_back().params = {5};
    first.state[9]["step"] = 1;
    OptimizerState& named = checkpoint.optimizer("named");
    named.algorithm = "AdamW";
    ParamGroup& weights = named.param_groups.emplace_back();
    weights.hyperparameters["lr"] = 0.5;
    weights.params = {2, 0, 2};  // not in the order of the keys, and one twice
    weights.param_names = std::vector<std::string>{"a", "b", "a"};
    named.param_groups.emplace_back().params = {1};
    named.param_keys = {"fc.weight", "fc.bias", "blocks.0/attention.weight"};
    named.state[0]["step"] = floats({}, 4);
    named.state[0]["exp_avg"] = floats({2, 3});
    named.state[2]["exp_avg"] = floats({2});
    named.state_extra["frozen.weight"] = dict_of({{"step", 3}});  // no group lists this name
    OptimizerState& last = checkpoint.optimizer("last");
    last.param_groups.emplace_back().params = {0};
    last.state_extra["fc.weight"] = 2;  // not a key of this optimizer
    return checkpoint;
}

Checkpoint many_chunks() {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    model["ramp"] = bytes_tensor(lasting_bytes<(std::size_t{2} << 20U) + 12345, 0>());
    model["one chunk"] = bytes_tensor(lasting_bytes<5000, 0>());
    model["noise"] = bytes_tensor(lasting_bytes<300, 5>());
    return checkpoint;
}

namespace {

/// Words whose exponents are less frequent by half with each step below `exponent`, with random signs and
/// mantissas.
template <class Word>
TensorView float_words_of(Dtype dtype, std::size_t count, unsigned mantissa_bits, unsigned exponent) {
    static std::deque<std::vector<Word>> lasting;
    std::mt19937_64 random(mantissa_bits);
    std::vector<Word>& words = lasting.emplace_back(count);
    constexpr unsigned kBits = 8 * sizeof(Word);
    for (Word& word : words) {
        const auto below =
            static_cast<unsigned>(std::countr_zero(random() | 1ULL << std::min(exponent - 1, 20U)));
        const std::uint64_t top = (random() & 1U) << (kBits - 1 - mantissa_bits) | (exponent - below);
        word = static_cast<Word>(top << mantissa_bits | (random() & ((1ULL << mantissa_bits) - 1)));
    }
    const std::size_t elements = words.size() * sizeof(Word) * 8 / find_dtype(dtype)->bits;
    return TensorView(*find_dtype(dtype), {elements}, StorageView(std::as_bytes(std::span(words))));
}

}  // namespace

Checkpoint float_words() {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("model");
    model["f8_e4m3fn"] = float_words_of<std::uint8_t>(Dtype::f8_e4m3fn, 65'700, 3, 9);
    model["f16"] = float_words_of<std::uint16_t>(Dtype::f16, 10'001, 10, 12);
    model["bf16"] = float_words_of<std::uint16_t>(Dtype::bf16, 10'001, 7, 121);
    model["f32"] = float_words_of<std::uint32_t>(Dtype::f32, 5'001, 23, 121);
    model["f64"] = float_words_of<std::uint64_t>(Dtype::f64, 2'501, 52, 1'017);
    model["c64"] = float_words_of<std::uint32_t>(Dtype::c64, 4'200, 23, 120);
    model["i64"] = float_words_of<std::uint64_t>(Dtype::i64, 2'100, 40, 3);
    return checkpoint;
}

Checkpoint two_chunks() {
    Checkpoint checkpoint;
    checkpoint.model("model")["ramp"] = bytes_tensor(lasting_bytes<(std::size_t{1} << 20U) + 100, 0>());
    checkpoint.model("model")["behind"] = floats({6});
    return checkpoint;
}

Checkpoint two_storages() {
    Checkpoint checkpoint;
    checkpoint.values()["a"] = floats({6});
    checkpoint.values()["b"] = bytes_tensor(lasting_bytes<100, 3>());
    return checkpoint;
}

Checkpoint tied() {
    Checkpoint checkpoint;
    for (const char* name : {"a", "b", "c"})
        checkpoint.values()[name] = floats({6});
    return checkpoint;
}

Checkpoint sliced() {
    static const std::array<std::uint32_t, 4> numbers = {9, 1, 2, 3};
    const auto u32 = *find_dtype(Dtype::u32);
    Checkpoint checkpoint;
    checkpoint.values()["a"] = floats({2, 2}, 8);
    checkpoint.values()["b"] = TensorView(u32, {3}, StorageView(std::as_bytes(std::span(numbers))), 4);
    return checkpoint;
}

Checkpoint every_column() {
    Checkpoint checkpoint = two_storages();
    checkpoint.values()["last of a"] = floats({1}, 20);
    checkpoint.values()["b again"] = bytes_tensor(lasting_bytes<100, 3>());
    return checkpoint;
}

Checkpoint like_layouts() {
    const StorageView storage(lasting_bytes<24, 9>());
    const auto u8 = *find_dtype(Dtype::u8), i8 = *find_dtype(Dtype::i8);
    const std::vector<TensorView> tensors = {
        TensorView(u8, {3, 2}, storage),      TensorView(u8, {3}, storage, 0, {2}),
        TensorView(i8, {3, 2}, storage),      TensorView(u8, {3, 2}, storage, 6),
        TensorView(u8, {3}, storage, 1, {2}), TensorView(u8, {2, 3}, storage),
        TensorView(u8, {}, storage),          TensorView(u8, {3, 2}, storage, 12),
    };
    Checkpoint checkpoint;
    checkpoint.values()["tensors"] = List{{tensors.begin(), tensors.end()}};
    return checkpoint;
}

Checkpoint unknown_dtype() {
    Checkpoint checkpoint;
    const DtypeInfo wide{static_cast<Dtype>(100), 24, "i24"};
    const DtypeInfo narrow{static_cast<Dtype>(101), 3, "u3"};
    checkpoint.values()["wide"] = TensorView(wide, {2, 4}, StorageView(lasting_bytes<24, 9>()), 0, {1, 2});
    checkpoint.values()["narrow"] = TensorView(narrow, {8}, StorageView(lasting_bytes<24, 9>()), 5);
    return checkpoint;
}

Checkpoint ggml_blocks() {
    const DtypeInfo block{static_cast<Dtype>(142), 1680, "ggml.q6_K"};
    const StorageView storage(lasting_bytes<std::size_t{6} * 210, 11>());
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["rows"] = TensorView(block, {2, 3}, storage);
    net["columns"] = TensorView(block, {3, 2}, storage, 0, {1, 3});
    net["part"] = TensorView(block, {2}, storage, 210, {2});
    return checkpoint;
}

Checkpoint small() {
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["weight"] = floats({2, 3}).with_role(Role::parameter, true);
    net["turned"] = floats({2, 2}, 4, {1, 3});
    net["table"] = bytes_tensor(lasting_bytes<300, 0>());
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.algorithm = "SGD";
    ParamGroup& group = sgd.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.5;
    group.params = {0, 1};
    group.param_names = std::vector<std::string>{"weight", "turned"};
    sgd.param_groups.emplace_back().params = {2};
    sgd.state[0]["step"] = 300;
    sgd.state[2]["step"] = 7;
    checkpoint.values()["epoch"] = 3;
    checkpoint.values()["note"] = "x";
    return checkpoint;
}

Checkpoint example() {
    Checkpoint checkpoint;
    StateDict& net = checkpoint.model("net");
    net["weight"] = floats({2, 3}).with_role(Role::parameter, true);
    net["turned"] = floats({3, 2}, 0, {1, 3});
    OptimizerState& sgd = checkpoint.optimizer("sgd");
    sgd.algorithm = "SGD";
    ParamGroup& group = sgd.param_groups.emplace_back();
    group.hyperparameters["lr"] = 0.5;
    group.params = {0};
    sgd.state[0]["step"] = 300;
    checkpoint.values()["epoch"] = 3;
    return checkpoint;
}

TensorView bytes_tensor(std::span<const std::byte> bytes) {
    return TensorView(*find_dtype(Dtype::u8), {bytes.size()}, StorageView(bytes));
}

Checkpoint one_value(Value value) {
    Checkpoint checkpoint;
    checkpoint.values()["v"] = std::move(value);
    return checkpoint;
}

Checkpoint nested_value(unsigned depth) {
    Value value;
    for (unsigned i = 1; i < depth; ++i)
        value = List{{std::move(value)}};
    return one_value(std::move(value));
}

Checkpoint null_entries(std::initializer_list<std::string_view> names) {
    Checkpoint checkpoint;
    StateDict& model = checkpoint.model("m");
    for (const std::string_view name : names)
        model[name] = nullptr;
    return checkpoint;
}

}  // namespace milepost::testing
