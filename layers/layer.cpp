#include "layers/layer.h"

namespace facet {

template <class Draw>
Var Initialiser::draw(Shape shape, Draw one) {
    Random random(seed_, Purpose::InitWeights, 0, drawn_++);
    std::vector<double> values(count(shape));
    for (double& value : values) value = one(random);
    return std::make_shared<Variable>(Tensor::from(device_, std::move(shape), values), true);
}

Var Initialiser::normal(Shape shape, double standard_deviation) {
    return draw(std::move(shape),
                [&](Random& random) { return standard_deviation * random.normal(); });
}

Var Initialiser::uniform(Shape shape, double bound) {
    return draw(std::move(shape), [&](Random& random) { return random.uniform(-bound, bound); });
}

Var Initialiser::constant(Shape shape, double value) {
    return std::make_shared<Variable>(Tensor::full(device_, std::move(shape), value), true);
}

}  // namespace facet
