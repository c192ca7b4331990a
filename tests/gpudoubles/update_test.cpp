// The optimiser's step that the device decides: as the host would decide it, recorded and not; and
// that nothing moves where a gradient is not finite.
#include <limits>

#include "tests/gpudoubles/training.h"
#include "tests/train/optimiser/move.h"
#include "train/learner.h"

namespace gpudoubles {
namespace {

using namespace facet;

class Update : public CleanTest {
protected:
    Device& cuda = cuda_device(Precision::Float32);
};

// --- beside the host's decision ---

// w, v or m, v of two parameters, the first clipped, after two steps.
struct Moved {
    std::vector<Tensor> w, first, second;

    Named named() const {
        Named all;
        for (const auto* part : {&w, &first, &second})
            for (const Tensor& tensor : *part) all.emplace_back("", tensor.to_doubles());
        return all;
    }
};

Moved start(Device& device) {
    Moved start;
    for (uint64_t i = 0; i < 2; ++i) {
        start.w.push_back(random_on(device, {37}, 1 + i));
        start.first.push_back(random_on(device, {37}, 3 + i));
        start.second.push_back(Tensor::full(device, {37}, 0.5));
    }
    return start;
}

std::vector<Tensor> gradients(Device& device) {
    return {random_on(device, {37}, 7), random_on(device, {37}, 8)};
}

constexpr double kLr = 0.1, kDecay = 0.1, kClip = 0.75;

std::vector<Tensor> moments_of(const UpdateRule& rule, const Moved& moved, size_t i) {
    std::vector<Tensor> moments{moved.first[i], moved.second[i]};
    moments.resize(rule.info().moments.size());
    return moments;
}

Moved decided_by_host(Device& device, const UpdateRule& rule, double clip) {
    const Moved moved = start(device);
    const std::vector<Tensor> dw = gradients(device);
    const double norm = std::sqrt(device.sum_of_squares(dw[0]));
    for (int step = 1; step <= 2; ++step) {
        for (size_t i = 0; i < 2; ++i) {
            const double scale = i == 0 && norm > clip ? clip / norm : 1;
            facet::test::move(rule, {kLr, kDecay, scale, step}, dw[i], moments_of(rule, moved, i),
                              moved.w[i]);
        }
    }
    return moved;
}

// Recorded once, run at both steps.
Moved decided_by_device(Device& device, const UpdateRule& rule, double clip, double& norm) {
    const Moved moved = start(device);
    const std::vector<Tensor> dw = gradients(device);
    const auto update = new_device_update(device, rule, 2, 1);
    const auto recorded = device.record([&] {
        update->decide(dw, 1, clip);
        for (size_t i = 0; i < 2; ++i) {
            const auto clipping = i == 0 ? DeviceUpdate::Clipping::Yes : DeviceUpdate::Clipping::No;
            update->move_as_decided(kDecay, clipping, dw[i], moments_of(rule, moved, i),
                                    moved.w[i]);
        }
    });
    for (int step = 1; step <= 2; ++step) {
        update->open(kLr, step, {});
        recorded->run(static_cast<uint64_t>(step));
    }
    norm = update->decision().norm;
    return moved;
}

TEST_F(Update, TheDeviceDecidesWithTheHostsBits) {
    for (const OptimiserInfo* info : all_optimisers()) {
        const auto rule = make_update_rule(info->name);
        for (const double clip : {kClip, 100.0}) {
            double norm = 0;
            EXPECT_EQ(decided_by_device(cuda, *rule, clip, norm).named(),
                      decided_by_host(cuda, *rule, clip).named());
            EXPECT_EQ(norm, std::sqrt(cuda.sum_of_squares(gradients(cuda)[0])));
        }
    }
}

// --- whole steps ---

constexpr int64_t kClasses = 8;
const std::vector<int64_t> kLabels{0, 4};

LearnerConfig config_of(const std::string& optimiser, double sample_rate) {
    LearnerConfig config;
    config.network.image = kImage;
    config.network.embedding = kEmbedding;
    config.head.loss = "softmax";  // has a parameter a class beside the proxies
    config.optimiser.kind = optimiser;
    config.head.sample_rate = sample_rate;
    config.seed = 1;
    return config;
}

Named tensors_of(const Learner& learner) {
    Named all;
    for (const auto& [name, tensor] : learner.tensors())
        all.emplace_back(name, tensor.to_doubles());
    return all;
}

// With one, a step is run primitive by primitive.
class Onlooker : public TapeObserver {
public:
    void after_forward(const std::string&, const std::vector<Var>&, const Tensor&) override {}
    void after_backward(const std::string&, const std::vector<Var>&, const Tensor&) override {}
};

bool moves_without_gradient(const std::string& name) {
    return name.ends_with(".running_mean") || name.ends_with(".running_var");
}

// But for running statistics.
void expect_unmoved(const Named& found, const Named& before) {
    ASSERT_EQ(found.size(), before.size());
    for (size_t i = 0; i < before.size(); ++i) {
        if (moves_without_gradient(before[i].first)) continue;
        EXPECT_EQ(found[i], before[i]) << before[i].first;
    }
}

// Each step is tried with a gradient that is not finite, of the sampled proxies or of the
// embeddings, before it is made as it should be: the first is run primitive by primitive, the
// second recorded and replayed. Beside it the same without trouble, never recorded.
TEST_F(Update, RecordedStepsHaveTheBitsOfOthersAndNothingMovesByWhatIsNotFinite) {
    const LearnerConfig config = config_of("adamw", 0.5);
    Learner learner(cuda, config, kClasses), untroubled(cuda, config, kClasses);
    Onlooker onlooker;
    untroubled.watch(&onlooker);
    const Tensor pixels = random_on(cuda, {2, 3, kImage, kImage}, 3);
    for (int i = 0; i < 2; ++i) {
        const double lr = 0.01 / (1 + i);
        const Named before = tensors_of(learner);
        learner.on_head([&](const HeadStep& step) {
            cuda.fill(i == 0 ? step.dw : step.dx, std::numeric_limits<double>::infinity());
        });
        const std::string named = i == 0 ? "head.weight" : "conv1.weight";
        try {
            learner.step(pixels, kLabels, lr, i);
            FAIL() << "step " << i << " was made";
        } catch (const Error& error) {
            const std::string words = error.what();
            EXPECT_NE(words.find("the gradient of " + named), std::string::npos) << words;
        }
        expect_unmoved(tensors_of(learner), before);
        learner.on_head(nullptr);
        const StepResult result = learner.step(pixels, kLabels, lr, i);
        const StepResult expected = untroubled.step(pixels, kLabels, lr, i);
        EXPECT_EQ(result.loss, expected.loss);
        EXPECT_EQ(result.gradient_norm, expected.gradient_norm);
    }
    expect_unmoved(tensors_of(learner), tensors_of(untroubled));
}

}  // namespace
}  // namespace gpudoubles
