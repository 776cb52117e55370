#pragma once

/// The one place where the library chooses code for an instruction set at run time.
///
/// Code for an instruction set is in a source file of its own, FUNCTION_avx2.cpp, which Meson compiles with
/// the flags of that set (lib/meson.build). Such a file may not call inline functions or templates of other
/// headers: the linker keeps one copy of each, and the copy compiled there would then run on every machine.
/// What is in a namespace without a name is not meant: each file has a copy of its own.
namespace milepost::base {

/// The implementations of one function, or of a table of functions. A pointer is null where there is none, or
/// where the library was built without it.
template <class T>
struct Implementations {
    T* portable;
    T* avx2 = nullptr;    ///< needs AVX2 and BMI1
    T* avx512 = nullptr;  ///< needs what cpu_has_avx512_vbmi2() asks for
    T* neon = nullptr;    ///< null but on aarch64, which always has it
};

[[nodiscard]] inline bool cpu_has_avx2() noexcept {
#ifdef __x86_64__
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
#else
    return false;
#endif
}

/// What the kernels of the codec planes use, on registers of 64 bytes.
[[nodiscard]] inline bool cpu_has_avx512_vbmi2() noexcept {
#ifdef __x86_64__
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
           __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

/// The best implementation that this machine can run.
template <class T>
[[nodiscard]] T* choose_implementation(const Implementations<T>& of) noexcept {
    if (of.neon != nullptr) return of.neon;
    if (of.avx512 != nullptr && cpu_has_avx512_vbmi2()) return of.avx512;
    return of.avx2 != nullptr && cpu_has_avx2() ? of.avx2 : of.portable;
}

}  // namespace milepost::base
