#pragma once

#include "fake_device.hpp"
#include "support.hpp"

namespace libtorch_test {

/// Whether the memory is in a mapping of a file of that name.
inline bool is_in_mapping(const void* memory, const std::string& file_name) {
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t begin = 0, end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx", &begin, &end) != 2) continue;
        const auto at = reinterpret_cast<std::uintptr_t>(memory);
        if (at >= begin && at < end) return line.find(file_name) != std::string::npos;
    }
    return false;
}

inline milepost::Reader saved(const std::string& name, std::initializer_list<libtorch::Part> parts,
                              milepost::SaveOptions options = {}) {
    options.durable = false;
    ok(libtorch::save(path_of(name), parts, options));
    return open(path_of(name));
}

/// A file of one tensor that LibTorch cannot save itself.
inline milepost::TensorView written(const std::string& name, milepost::Dtype dtype, milepost::Shape shape,
                                    const std::vector<std::byte>& bytes, std::uint64_t offset = 0) {
    milepost::Checkpoint checkpoint;
    checkpoint.values()["t"] = milepost::TensorView(*milepost::find_dtype(dtype), std::move(shape),
                                                    milepost::StorageView(bytes), offset);
    ok(milepost::save(path_of(name), checkpoint, {.durable = false}));
    return ok(open(path_of(name)).tensor("t"));
}

inline std::vector<std::byte> zeros(std::size_t count) {
    return std::vector<std::byte>(count);
}

}  // namespace libtorch_test

using namespace libtorch_test;

TEST_CASE("tensor: every dtype comes back from the mapped file, bit for bit") {
    for (const auto& pair : libtorch::detail::kDtypes) {
        const at::ScalarType dtype = pair.torch;
        CAPTURE(std::string(c10::toString(dtype)));
        const at::Tensor bytes = torch::randint(0, dtype == at::kBool ? 2 : 256, {6, 32}, at::kByte);
        const at::Tensor tensor = bytes.view(dtype);
        const auto file = saved("dtypes.milepost", {{"t", tensor}});
        const auto view = ok(file.tensor("t"));
        CHECK(view.dtype().code == pair.milepost);
        const at::Tensor back = ok(libtorch::tensor(view));
        CHECK((back.scalar_type() == dtype));
        CHECK(back.sizes() == tensor.sizes());
        CHECK(at::equal(back.view(at::kByte), bytes));
        CHECK(is_in_mapping(back.const_data_ptr(), "dtypes.milepost"));
    }
}

TEST_CASE("tensor: an f4 of LibTorch is two elements of the file") {
    const at::Tensor pairs = torch::randint(0, 256, {3, 5}, at::kByte).view(at::ScalarType::Float4_e2m1fn_x2);
    CHECK(ok(libtorch::view(pairs)).shape() == milepost::Shape{3, 10});
    refused(libtorch::view(pairs.t()), Condition::wrong_type, "strided");
    refused(libtorch::view(pairs[0][0]), Condition::wrong_type, "no dimension of pairs");
    refused(libtorch::tensor(written("f4.milepost", milepost::Dtype::f4_e2m1fn, {2, 3}, zeros(3))),
            Condition::layout, "not even");
}

TEST_CASE("tensor: a write changes neither the file nor what others read of it") {
    const at::Tensor tensor = torch::arange(6, at::kFloat);
    const auto file = saved("write.milepost", {{"t", tensor}});
    const auto other = open(path_of("write.milepost"));
    at::Tensor live = ok(libtorch::tensor(ok(file.tensor("t"))));
    const auto* in_file = ok(ok(file.tensor("t")).bytes()).data();
    CHECK(is_in_mapping(live.const_data_ptr(), "write.milepost"));
    CHECK(static_cast<const void*>(in_file) != live.const_data_ptr());
    live.fill_(-1);
    CHECK(at::equal(live, torch::full({6}, -1.0F)));
    CHECK(ok(ok(file.tensor("t")).as<float>())[5] == 5);
    CHECK(ok(ok(other.tensor("t")).as<float>())[5] == 5);
    CHECK(ok(ok(open(path_of("write.milepost")).tensor("t")).as<float>())[5] == 5);
    CHECK(at::equal(ok(libtorch::tensor(ok(other.tensor("t")))), tensor));
    // As documented: the private bytes of one Reader are in one mapping.
    CHECK(at::equal(ok(libtorch::tensor(ok(file.tensor("t")))), live));
}

TEST_CASE("tensor: it outlives the Reader and its file, and a view outlives its tensor") {
    const at::Tensor tensor = torch::arange(3000, at::kInt);
    at::Tensor removed, replaced;
    {
        const auto file = saved("gone.milepost", {{"t", tensor}});
        removed = ok(libtorch::tensor(ok(file.tensor("t"))));
        std::filesystem::remove(path_of("gone.milepost"));
    }
    {
        const auto file = saved("new.milepost", {{"t", tensor}});
        replaced = ok(libtorch::tensor(ok(file.tensor("t"))));
        saved("new.milepost", {{"t", torch::zeros({3000}, at::kInt)}});
    }
    CHECK(at::equal(removed, tensor));
    CHECK(at::equal(replaced, tensor));

    milepost::TensorView view;
    {
        at::Tensor short_lived = torch::arange(100'000, at::kLong);
        const auto storage = short_lived.storage();
        view = ok(libtorch::view(short_lived));
        short_lived.reset();
        CHECK(storage.use_count() == 2);  // this one and the view's
    }
    CHECK(ok(view.as<std::int64_t>())[99'999] == 99'999);
}

TEST_CASE("tensor: what is tied stays tied, mapped or compressed") {
    const at::Tensor base = torch::zeros({40, 50});
    const at::Tensor row = base[3], column = base.t()[7];
    libtorch::TensorExporter exporter;
    CHECK(ok(exporter.view(row)).storage() == ok(exporter.view(column)).storage());
    CHECK(ok(libtorch::view(row)).storage() == ok(libtorch::view(column)).storage());
    for (const auto codec : {milepost::Codec::raw, milepost::Codec::zstd}) {
        const auto file =
            saved("tied.milepost", {{"base", base}, {"row", row}, {"column", column}}, {.codec = codec});
        CHECK(file.storages().size() == 1);
        libtorch::TensorImporter importer;
        const at::Tensor whole = ok(importer.tensor(ok(file.tensor("base"))));
        at::Tensor third = ok(importer.tensor(ok(file.tensor("row"))));
        const at::Tensor seventh = ok(importer.tensor(ok(file.tensor("column"))));
        CHECK(whole.storage().is_alias_of(third.storage()));
        CHECK(whole.is_alias_of(seventh));
        third.fill_(2);
        CHECK(whole[3][7].item<float>() == 2);
        CHECK(seventh[3].item<float>() == 2);
        CHECK(is_in_mapping(whole.const_data_ptr(), "tied.milepost") == (codec == milepost::Codec::raw));
    }
}

TEST_CASE("tensor: strides and offset are kept") {
    const at::Tensor base = torch::arange(24, at::kShort).reshape({2, 3, 4});
    for (const at::Tensor& tensor : {base.permute({2, 0, 1}), base[1].slice(1, 1, 4, 2),
                                     base[0][0][1].expand({5}), base.slice(0, 2, 2), base[1][2][3]}) {
        CAPTURE(c10::str(tensor.sizes(), tensor.strides()));
        const auto file = saved("strided.milepost", {{"t", tensor}});
        libtorch::TensorImporter importer;
        for (const at::Tensor& back :
             {ok(importer.tensor(ok(file.tensor("t")))), ok(libtorch::tensor(ok(file.tensor("t"))))}) {
            CHECK(at::equal(back, tensor));
            if (tensor.numel() != 0) CHECK(back.strides() == tensor.strides());
        }
        CHECK(ok(importer.tensor(ok(file.tensor("t")))).storage_offset() == tensor.storage_offset());
    }
}

TEST_CASE("tensor: one that is not mapped is loaded, and of a slice no more than it reaches") {
    const at::Tensor tensor = torch::zeros({1 << 10, 1 << 10});
    const auto file = saved("packed.milepost", {{"t", tensor}}, {.codec = milepost::Codec::zstd});
    const auto rows = ok(ok(file.tensor("t")).slice({{1000, 1002}}));
    const at::Tensor back = ok(libtorch::tensor(rows));
    CHECK(at::equal(back, torch::zeros({2, 1 << 10})));
    CHECK(back.storage().nbytes() == 2 * 4096);
    const auto read = open(path_of("packed.milepost"), {.access = milepost::Access::read});
    CHECK(at::equal(ok(libtorch::tensor(ok(read.tensor("t")))), tensor));
    CHECK(at::equal(ok(libtorch::tensor(ok(libtorch::view(tensor)))), tensor));
}

TEST_CASE("tensor: conjugate and negative views are resolved; requires_grad is kept") {
    const at::Tensor complex = torch::complex(torch::arange(3, at::kFloat), torch::ones({3}));
    const auto file =
        saved("conj.milepost", {{"conj", complex.conj()}, {"neg", torch::imag(complex.conj())}});
    CHECK(at::equal(ok(libtorch::tensor(ok(file.tensor("conj")))), complex.conj().resolve_conj()));
    CHECK(at::equal(ok(libtorch::tensor(ok(file.tensor("neg")))), torch::full({3}, -1.0F)));
    const auto trained = saved("grad.milepost", {{"t", torch::ones({2}).set_requires_grad(true)}});
    const at::Tensor back = ok(libtorch::tensor(ok(trained.tensor("t"))));
    CHECK(back.requires_grad());
    CHECK(back.is_leaf());
}

TEST_CASE("tensor: what has no plain bytes is refused by name") {
    const at::Tensor plain = torch::ones({2, 2});
    refused(libtorch::view(at::Tensor()), Condition::wrong_type, "undefined");
    refused(libtorch::view(plain.to_sparse()), Condition::wrong_type, "layout Sparse");
    refused(libtorch::view(plain.to_sparse_csr()), Condition::wrong_type, "layout SparseCsr");
    refused(libtorch::view(at::quantize_per_tensor(plain, 0.1, 0, at::kQInt8)), Condition::wrong_type,
            "quantized");
    refused(libtorch::view(plain.to(at::kMeta)), Condition::wrong_type, "meta");
    refused(libtorch::view(at::_nested_tensor_from_tensor_list({plain, plain})), Condition::wrong_type,
            "nested");
    refused(libtorch::view(at::_efficientzerotensor({2}, at::kFloat)), Condition::wrong_type, "zero tensor");
    refused(libtorch::view(plain.to(at::kComplexHalf)), Condition::dtype, "ComplexHalf");
    refused(libtorch::view(at::empty({2}, at::ScalarType::Bits8)), Condition::dtype, "Bits8");
    refused(libtorch::save(path_of("no.milepost"), {{"part", at::Tensor()}}), Condition::wrong_type,
            "part: ");
    CHECK_FALSE(std::filesystem::exists(path_of("no.milepost")));
}

TEST_CASE("tensor: what LibTorch cannot hold is refused") {
    using milepost::Dtype;
    refused(libtorch::tensor(written("f8.milepost", Dtype::f8_e3m4, {4}, zeros(4))), Condition::dtype,
            "f8_e3m4");
    const std::vector<std::byte> two{std::byte{1}, std::byte{2}};
    refused(libtorch::tensor(written("bool.milepost", Dtype::boolean, {2}, two)), Condition::wrong_type,
            "neither 0 nor 1");
    CHECK(at::equal(
        ok(libtorch::tensor(ok(written("bool.milepost", Dtype::boolean, {2}, two).slice({{0, 1}})))),
        torch::ones({1}, at::kBool)));
    const milepost::TensorView outside(*milepost::find_dtype(Dtype::f32), {9}, milepost::StorageView(two));
    refused(libtorch::tensor(outside), Condition::layout, "");
    refused(libtorch::TensorImporter().tensor(outside), Condition::layout, "");
    const auto bytes = zeros(8);
    const milepost::TensorView within(*milepost::find_dtype(Dtype::i16), {1}, milepost::StorageView(bytes),
                                      1);
    refused(libtorch::TensorImporter().tensor(within), Condition::layout, "");
}

TEST_CASE("tensor: a damaged one is not made") {
    saved("damaged.milepost", {{"t", torch::ones({4})}});
    damage(path_of("damaged.milepost"), "t");
    const auto file = open(path_of("damaged.milepost"));
    refused(libtorch::tensor(ok(file.tensor("t"))), Condition::chunk_checksum, "");
    refused(libtorch::TensorImporter().tensor(ok(file.tensor("t"))), Condition::chunk_checksum, "");
}

TEST_CASE("tensor: one of another device is copied, each storage once") {
    const at::Tensor base = torch::arange(12, at::kFloat).reshape({3, 4}).to(fake_device());
    REQUIRE_FALSE(base.is_cpu());
    libtorch::TensorExporter exporter;
    const auto whole = ok(exporter.view(base)), column = ok(exporter.view(base.t()[1]));
    CHECK(whole.storage() == column.storage());
    CHECK(ok(whole.as<float>())[11] == 11);
    const auto file = saved("device.milepost", {{"whole", base}, {"column", base.t()[1]}});
    CHECK(file.storages().size() == 1);
    CHECK(at::equal(ok(libtorch::tensor(ok(file.tensor("column")))), torch::tensor({1.0F, 5.0F, 9.0F})));
    const FailingDevice failing;
    refused(libtorch::view(base), Condition::callback, "LibTorch: the device has failed");
}
