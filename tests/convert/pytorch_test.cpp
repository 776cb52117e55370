#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <milepost/checkpoint.hpp>
#include <milepost/convert.hpp>
#include <milepost/error.hpp>
#include <milepost/options.hpp>
#include <milepost/tensor.hpp>
#include <milepost/text.hpp>
#include <milepost/value.hpp>

#include "outcome.hpp"
#include "pickle_text.hpp"
#include "stored_zip.hpp"
#include "support/scratch.hpp"

namespace {

using namespace milepost;
using namespace milepost::testing;
using namespace std::string_view_literals;

std::string pickled(std::string_view opcodes) {
    return "\x80\x02" + std::string(opcodes) + ".";
}

template <class T>
std::string bytes_of(const std::vector<T>& elements) {
    std::string bytes(elements.size() * sizeof(T), '\0');
    std::memcpy(bytes.data(), elements.data(), bytes.size());
    return bytes;
}

const std::vector<float> kElements = {0, 1, 2, 3, 4, 5};

/// The entries of a file with one tensor `w`, which views storage 0.
ZipParts entries(std::string_view opcodes = {}) {
    const std::string object =
        opcodes.empty() ? "}" + pickled_text("w") + pickled_tensor() + "s" : std::string(opcodes);
    return {{"x/data.pkl", pickled(object)},
            {"x/byteorder", "little"},
            {"x/data/0", bytes_of(kElements)},
            {"x/version", "3\n"}};
}

ZipParts with(ZipParts parts, const std::string& name, const std::string& content) {
    for (auto& part : parts) {
        if (part.first == name) {
            part.second = content;
            return parts;
        }
    }
    parts.emplace_back(name, content);
    return parts;
}

ZipParts without(ZipParts parts, std::string_view name) {
    std::erase_if(parts, [&](const auto& part) { return part.first == name; });
    return parts;
}

/// A legacy file: its pickles, then what follows.
std::string legacy(std::string_view object, std::string_view keys, std::string_view storages) {
    return pickled("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickled("M\xe9\x03") +
           pickled("}" + pickled_text("little_endian") + "\x88s") + pickled(object) + pickled(keys) +
           std::string(storages);
}

std::string legacy_storage() {
    return "(" + pickled_text("storage") + pickled_global("torch", "FloatStorage") + pickled_text("7") +
           pickled_text("cpu") + "K\x06NtQ";
}

class File {
public:
    explicit File(std::string_view content) { write_file(path(), content); }
    explicit File(const ZipParts& parts) : File(stored_zip(parts)) {}

    [[nodiscard]] Result<Imported> imported(ImportOptions options = {}) const {
        options.format = FileFormat::pytorch;
        return import_file(path(), options);
    }
    [[nodiscard]] std::string outcome(const ImportOptions& options = {}) const {
        return testing::outcome(imported(options));
    }

private:
    [[nodiscard]] std::string path() const { return folder_ / "x.pt"; }
    ScratchFolder folder_;
};

std::vector<float> elements_of(const Imported& imported, std::string_view entry = "w") {
    REQUIRE(imported.checkpoint.models().size() == 1);
    const Value* const value = imported.checkpoint.models()[0].second.find(entry);
    REQUIRE(value != nullptr);
    const auto loaded = value->get_if<TensorView>()->load();
    REQUIRE(loaded);
    const auto elements = loaded->view().as<float>();
    REQUIRE(elements);
    return {elements->begin(), elements->end()};
}

}  // namespace

TEST_CASE("pytorch: a tensor of a zip archive") {
    const auto imported = File(entries()).imported();
    REQUIRE(imported);
    CHECK(imported->format == FileFormat::pytorch);
    CHECK(elements_of(*imported) == kElements);
    CHECK(elements_of(*File(without(entries(), "x/byteorder")).imported()) == kElements);
}

TEST_CASE("pytorch: numbers of a big-endian machine are swapped, wherever a read begins") {
    std::string swapped = bytes_of(kElements);
    for (std::size_t i = 0; i < swapped.size(); i += 4) {
        std::swap(swapped[i], swapped[i + 3]);
        std::swap(swapped[i + 1], swapped[i + 2]);
    }
    const ZipParts big = with(with(entries(), "x/byteorder", "big"), "x/data/0", swapped);
    const auto imported = File(big).imported();
    REQUIRE(imported);
    CHECK(elements_of(*imported) == kElements);
    const StorageView storage =
        imported->checkpoint.models()[0].second.find("w")->get_if<TensorView>()->storage();
    const std::string expected = bytes_of(kElements);
    for (std::size_t begin = 0; begin < expected.size(); ++begin) {
        for (std::size_t end = begin; end <= expected.size(); ++end) {
            std::string found(end - begin, '\0');
            REQUIRE(storage.read(begin, std::as_writable_bytes(std::span(found))));
            CHECK(found == expected.substr(begin, end - begin));
        }
    }
    CHECK(File(with(entries(), "x/byteorder", "middle")).outcome() == "corrupt/foreign");
    const std::string untyped = pickled_tensor({.storage = pickled_storage("UntypedStorage", 24),
                                                .more = "\x89}" + pickled_global("torch", "uint16"),
                                                .function = "_rebuild_tensor_v3"});
    CHECK(File(entries(untyped)).outcome() == "good");
    CHECK(File(with(entries(untyped), "x/byteorder", "big")).outcome() == "unsupported/feature");
}

TEST_CASE("pytorch: archives that are not those of torch.save") {
    CHECK(File(without(entries(), "x/version")).outcome() == "not_a_checkpoint/magic");
    CHECK(File(without(entries(), "x/data.pkl")).outcome() == "not_a_checkpoint/magic");
    CHECK(File(ZipParts{{"word/document.xml", "<a/>"}}).outcome() == "not_a_checkpoint/magic");
    CHECK(File(ZipParts{}).outcome() == "not_a_checkpoint/magic");
    CHECK(File(with(entries(), "y/data.pkl", pickled("N"))).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/.format_version", "1")).outcome() == "good");
    CHECK(File(with(entries(), "x/.format_version", "2")).outcome() == "unsupported/feature");
    CHECK(File(with(entries(), "x/.format_version", "one")).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/version", "10\n")).outcome() == "good");
    CHECK(File(with(entries(), "x/version", "11\n")).outcome() == "unsupported/feature");
    CHECK(File(with(entries(), "x/version", "-1")).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/version", std::string(65, '1'))).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/data.pkl", pickled("N") + " ")).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/data.pkl", "")).outcome() == "truncated/cut");
    Limits limits;
    limits.max_index_bytes = 100;
    CHECK(File(with(entries(), "x/data.pkl", pickled(pickled_text(std::string(100, 'x')))))
              .outcome({.limits = limits}) == "limit_exceeded/index_bytes");
}

TEST_CASE("pytorch: storages of an archive have the sizes that the pickle tells") {
    const std::string whole = bytes_of(kElements);
    CHECK(File(with(entries(), "x/data/0", whole + "x")).outcome() == "corrupt/foreign");
    CHECK(File(with(entries(), "x/data/0", whole.substr(1))).outcome() == "corrupt/foreign");
    CHECK(File(without(entries(), "x/data/0")).outcome() == "corrupt/foreign");
    const auto two = [](std::string_view type, std::int64_t count) {
        const PickledTensor second{.storage = pickled_storage(type, count), .shape = {1}, .strides = {1}};
        return "](" + pickled_tensor() + pickled_tensor(second) + "e";
    };
    CHECK(File(entries(two("FloatStorage", 6))).outcome() == "good");
    CHECK(File(entries(two("IntStorage", 6))).outcome() == "corrupt/foreign");
    CHECK(File(entries(two("FloatStorage", 5))).outcome() == "corrupt/foreign");
    CHECK(File(entries(pickled_tensor({.storage = pickled_storage("DoubleStorage", (1LL << 61) + 3)})))
              .outcome() == "corrupt/foreign");
    const auto imported = File(entries(two("FloatStorage", 6))).imported();
    const auto& list = imported->checkpoint.values().find("object")->get_if<List>()->items;
    CHECK(list[0].get_if<TensorView>()->storage() == list[1].get_if<TensorView>()->storage());
}

TEST_CASE("pytorch: a legacy file") {
    const PickledTensor tensor{.storage = legacy_storage()};
    const std::string object = "}" + pickled_text("w") + pickled_tensor(tensor) + "s";
    const std::string keys = "]" + pickled_text("7") + "\x61";
    const std::string storages = little_endian(6, 8) + bytes_of(kElements);
    const std::string whole = legacy(object, keys, storages);
    const auto imported = File(whole).imported();
    REQUIRE(imported);
    CHECK(elements_of(*imported) == kElements);
    for (std::size_t nbytes = 0; nbytes < whole.size(); ++nbytes) {
        CAPTURE(nbytes);
        const std::string outcome = File(std::string_view(whole).substr(0, nbytes)).outcome();
        CHECK(outcome == "truncated/cut");
    }
    CHECK(File(legacy(object, keys, little_endian(5, 8) + bytes_of(kElements))).outcome() ==
          "corrupt/foreign");
    CHECK(File(legacy(object, keys, little_endian(UINT64_MAX, 8) + bytes_of(kElements))).outcome() ==
          "corrupt/foreign");
    CHECK(File(legacy(object, "]", storages)).outcome() == "corrupt/foreign");
    CHECK(File(legacy(object, "}", storages)).outcome() == "corrupt/foreign");
    CHECK(File(legacy(object, "]K\x07\x61", storages)).outcome() == "corrupt/foreign");
    CHECK(File(legacy(object, "]" + pickled_text("8") + "\x61", storages)).outcome() == "corrupt/foreign");
    CHECK(File(legacy(object, "](" + pickled_text("7") + pickled_text("7") + "e", storages + storages))
              .outcome() == "corrupt/foreign");
    CHECK(File(legacy("]" + pickled_text(std::string(300'000, 'x')) + "\x61", "]", "")).outcome() == "good");
    Limits limits;
    limits.max_index_bytes = 1000;
    CHECK(File(legacy(pickled_text(std::string(2000, 'x')), "]", "")).outcome({.limits = limits}) ==
          "limit_exceeded/index_bytes");
}

TEST_CASE("pytorch: a view of a storage in a legacy file") {
    const auto object = [](std::int64_t begin, std::int64_t count) {
        const std::string view = "(" + pickled_text("9") + pickled_int(begin) + pickled_int(count) + "t";
        const std::string storage = "(" + pickled_text("storage") + pickled_global("torch", "FloatStorage") +
                                    pickled_text("7") + pickled_text("cpu") + "K\x06" + view + "tQ";
        const PickledTensor tensor{.storage = storage, .offset = 1, .shape = {2}, .strides = {1}};
        return "}" + pickled_text("w") + pickled_tensor(tensor) + "s";
    };
    const std::string keys = "]" + pickled_text("7") + "\x61";
    const std::string storages = little_endian(6, 8) + bytes_of(kElements);
    const auto imported = File(legacy(object(2, 4), keys, storages)).imported();
    REQUIRE(imported);
    CHECK(elements_of(*imported) == std::vector<float>{3, 4});
    CHECK(File(legacy(object(2, 5), keys, storages)).outcome() == "corrupt/foreign");
    CHECK(File(legacy(object(6, 0), keys, storages)).outcome() == "corrupt/foreign");
}

TEST_CASE("pytorch: pickles and archives of others") {
    CHECK(File(pickled("}")).outcome() == "not_a_checkpoint/magic");
    CHECK(File(pickled("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x18")).outcome() ==
          "not_a_checkpoint/magic");
    std::string other_protocol = legacy("N", "]", "");
    other_protocol.replace(other_protocol.find("M\xe9\x03"), 3, "M\xe9\x04");
    CHECK(File(other_protocol).outcome() == "unsupported/feature");
    std::string tar(1024, '\0');
    tar.replace(0, 8, "sys_info").replace(257, 5, "ustar");
    CHECK(File(tar).outcome() == "unsupported/feature");
}

TEST_CASE("pytorch: the parameters and buffers of TorchScript") {
    const auto module = [](std::string_view name, std::string_view attributes) {
        return pickled_global("__torch__." + std::string(name), "M") + ")\x81}(" + std::string(attributes) +
               "ub";
    };
    const std::string child =
        module("child", pickled_text("w") + pickled_tensor() + pickled_text("training") + "\x89");
    const std::string root =
        module("net", pickled_text("w") + pickled_tensor() + pickled_text("sub") + child);
    const auto script = [](std::string_view object) {
        return with(entries(object), "x/constants.pkl", pickled(")"));
    };
    const auto imported = File(script(root)).imported();
    REQUIRE(imported);
    CHECK(elements_of(*imported) == kElements);
    CHECK(elements_of(*imported, "sub.w") == kElements);
    CHECK(imported->checkpoint.models()[0].second.size() == 2);
    CHECK(File(entries(root)).outcome() == "unsupported/global");  // not a TorchScript archive
    CHECK(File(script("}")).outcome() == "unsupported/feature");
    CHECK(File(script(module("net", pickled_text("f") + pickled_global("os", "system")))).outcome() ==
          "unsupported/global");
    CHECK(File(script(pickled_global("__torch__", "M") + ")\x81)b")).outcome() == "unsupported/feature");
    CHECK(File(script(pickled_global("__torch__", "M") + "(Nt\x81")).outcome() == "corrupt/foreign");
    CHECK(File(script(pickled_global("__torch__", "M"))).outcome() == "unsupported/feature");
    const std::string itself =
        pickled_global("__torch__", "M") + ")\x81q\x03}(" + pickled_text("me") + "h\x03ub";
    CHECK(File(script(itself)).outcome() == "unsupported/feature");
}

TEST_CASE("pytorch: values become models by their paths") {
    const std::string object = "}(" + pickled_text("a") + "}" + pickled_text("net") + "}" +
                               pickled_text("w") + pickled_tensor() + "sS" + pickled_text("epoch") + "K\x03u";
    std::string fixed = object;
    fixed.replace(fixed.find("sS"), 2, "ss");
    const auto imported = File(entries(fixed)).imported({.models = {{"a/net", "generator"}}});
    REQUIRE(imported);
    CHECK(elements_of(*imported) == kElements);
    CHECK(imported->checkpoint.models()[0].first == "generator");
    CHECK(File(entries(fixed)).outcome({.models = {{"a/other", "x"}}}) == "not_found/value");
}
