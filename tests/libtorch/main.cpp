#define DOCTEST_CONFIG_IMPLEMENT
#include "exchange.hpp"
#include "module_cases.hpp"
#include "optimizer_cases.hpp"
#include "tensor_cases.hpp"

namespace {

/// LibTorch warns of tensors that are made here to be refused.
class Quiet : public c10::WarningHandler {
public:
    void process(const c10::Warning& /*warning*/) override {}

private:
    c10::WarningUtils::WarningHandlerGuard guard_{this};
};

}  // namespace

/// Without arguments, or with those of doctest: the cases. Else the other side of a check in Python.
int main(int argc, char** argv) {
    at::set_num_threads(1);
    Quiet quiet;
    if (argc == 5 && argv[1][0] != '-') return libtorch_test::exchange(argv[1], argv[2], argv[3], argv[4]);
    return doctest::Context(argc, argv).run();
}
