#include "tools/lab/explorer/question.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "losses/head/state_json.h"

namespace facet::explorer {
namespace {

// A list of equally long lists; its width goes to `columns`.
std::vector<double> matrix(const ordered_json& request, const char* name, int64_t& rows,
                           int64_t& columns) {
    const ordered_json& json = request.at(name);
    rows = int64_t(json.size());
    FACET_CHECK(rows > 0, "explorer: {} is empty", name);
    columns = int64_t(json.at(0).size());
    std::vector<double> flat;
    for (const ordered_json& row : json) {
        FACET_CHECK(int64_t(row.size()) == columns, "explorer: {} has rows of {} and of {} numbers",
                    name, columns, row.size());
        for (const ordered_json& entry : row) flat.push_back(entry.get<double>());
    }
    return flat;
}

}  // namespace

KeyValues settings_of(const ordered_json& request) {
    KeyValues settings;
    const auto given = request.find("settings");
    if (given == request.end()) return settings;
    for (const auto& [name, value] : given->items())
        settings.emplace_back(name, value.get<std::string>());
    return settings;
}

ordered_json rows_of(const std::vector<double>& flat, int64_t columns) {
    ordered_json rows = ordered_json::array();
    for (auto row = flat.begin(); row != flat.end(); row += columns)
        rows.push_back(std::vector<double>(row, row + columns));
    return rows;
}

Question::Question(const ordered_json& request)
    : loss_(make_loss(request.at("loss").get<std::string>(), settings_of(request))) {
    x = matrix(request, "x", B, D);
    y = request.at("y").get<std::vector<int64_t>>();
    FACET_CHECK(int64_t(y.size()) == B, "explorer: {} samples with {} labels", B, y.size());
    if (loss_->has_proxies()) {
        int64_t width = 0;
        w = matrix(request, "w", C, width);
        FACET_CHECK(width == D, "explorer: samples of {} numbers, proxies of {}", D, width);
    }
    const auto state = request.find("state");
    if (state != request.end()) state_from_json(state->dump(), "explorer", loss_->state());
    before_ = loss_->state().save();
    dx.resize(x.size());
    dw.resize(w.size());
    if (loss_->has_cosines()) dcos.resize(size_t(B * C));
}

double Question::evaluate() {
    loss_->state().restore(before_);
    const HeadBatch<double> batch{x.data(), C > 0 ? w.data() : nullptr, y.data(), B, C, D};
    const HeadGradient<double> gradient{dx.data(), C > 0 ? dw.data() : nullptr,
                                        dcos.empty() ? nullptr : dcos.data()};
    return loss_->forward_backward(batch, gradient, diagnostics_);
}

std::string Question::state_after() const { return state_to_json(loss_->state()); }

double cosine(const double* a, const double* b, int64_t D) {
    double aa = 0, bb = 0, ab = 0;
    for (int64_t d = 0; d < D; ++d) {
        aa += a[d] * a[d];
        bb += b[d] * b[d];
        ab += a[d] * b[d];
    }
    const double lengths = std::sqrt(aa) * std::sqrt(bb);
    return lengths > 0 ? std::clamp(ab / lengths, -1.0, 1.0) : 0;
}

std::vector<double> Question::cosines() const {
    std::vector<double> all;
    for (int64_t i = 0; i < B; ++i) {
        for (int64_t k = 0; k < others(); ++k) all.push_back(cosine(x.data() + i * D, other(k), D));
    }
    return all;
}

}  // namespace facet::explorer
