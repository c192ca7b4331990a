#include "tests/gpureport/simulated.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "tests/gpureport/kernels.h"

namespace facet::cuda {

void add_simulated(const std::string& path, std::map<std::string, Simulated>& kernels) {
    std::ifstream file(path);
    FACET_CHECK(file.good(), "{} cannot be read", path);
    try {
        const auto found = nlohmann::json::parse(file);
        FACET_CHECK(found.at("instrumented") == true, "{}: the accesses were not checked", path);
        for (const auto& kernel : found.at("kernels")) {
            Simulated& simulated = kernels[short_name(kernel.at("symbol"))];
            simulated.launches += kernel.at("launches").get<long>();
            simulated.accesses += kernel.at("accesses").get<long>();
            for (const auto& order : kernel.at("orders")) simulated.orders.insert(order);
            for (const auto& test : kernel.at("failed_tests"))
                simulated.failed_tests.push_back(test);
        }
    } catch (const nlohmann::json::exception& error) {
        throw Error(fmt::format("{}: {}", path, error.what()));
    }
}

}  // namespace facet::cuda
