// The compositions there are (losses/proof/composition.h), by the name of their loss.
#pragma once

#include "losses/proof/composition.h"

namespace facet::composed {

// compositions_softmax.cpp: cross-entropies of logits that are fixed functions of the cosines
Expr softmax(Composer& c);
Expr normface(Composer& c);
Expr cosface(Composer& c);
Expr arcface(Composer& c);
Expr combined(Composer& c);
Expr circle(Composer& c);
Expr focal(Composer& c);
Expr hm_softmax(Composer& c);

// compositions_angle.cpp: multiples of the angle
Expr sphereface(Composer& c);
Expr sphereface_r(Composer& c);

// compositions_sigmoid.cpp: a logistic regression a class
Expr sphereface2(Composer& c);
Expr uniface(Composer& c);

// compositions_mining.cpp: hard negatives weigh more
Expr sv_softmax(Composer& c);
Expr mv_softmax(Composer& c);
Expr npcface(Composer& c);
Expr curricularface(Composer& c);
Expr arcneg(Composer& c);

// compositions_adaptive.cpp: scales and margins from statistics or chance
Expr adacos(Composer& c);
Expr adaface(Composer& c);
Expr elasticface(Composer& c);

// compositions_magnitude.cpp: a margin from the norm; pairs of the batch in the denominator
Expr magface(Composer& c);
Expr unpg(Composer& c);

// compositions_hinge.cpp: the nearest negatives
Expr npt(Composer& c);
Expr npt_lse(Composer& c);

// compositions_proxy.cpp: distances to proxies
Expr proxy_nca(Composer& c);
Expr proxy_nca_pp(Composer& c);
Expr proxy_anchor(Composer& c);
Expr center(Composer& c);

// compositions_pair.cpp, compositions_triplet.cpp: features against features
Expr contrastive(Composer& c);
Expr npair(Composer& c);
Expr infonce(Composer& c);
Expr supcon(Composer& c);
Expr circle_pair(Composer& c);
Expr multi_similarity(Composer& c);
Expr triplet(Composer& c);

// What several of them are made of.
//
// cos(theta_y + margin), (B); beyond theta_y = pi - margin the line c_y - margin sin(margin).
Expr margin_with_line(Composer& c, const Expr& margin);
Expr margin_with_line(Composer& c, double margin);
// cos(theta_y + margin) where c_y > 0, else c_y.
Expr easy_margin(Composer& c, const Expr& margin);

struct Named {
    const char* loss;
    Composition composition;
};

inline constexpr Named kAll[] = {
    {"softmax", softmax},
    {"normface", normface},
    {"cosface", cosface},
    {"arcface", arcface},
    {"combined", combined},
    {"sphereface", sphereface},
    {"sphereface-r", sphereface_r},
    {"sphereface2", sphereface2},
    {"adacos", adacos},
    {"curricularface", curricularface},
    {"magface", magface},
    {"adaface", adaface},
    {"elasticface", elasticface},
    {"circle", circle},
    {"focal", focal},
    {"hm-softmax", hm_softmax},
    {"arcneg", arcneg},
    {"uniface", uniface},
    {"sv-softmax", sv_softmax},
    {"mv-softmax", mv_softmax},
    {"npcface", npcface},
    {"npt", npt},
    {"npt-lse", npt_lse},
    {"unpg", unpg},
    {"proxy-nca", proxy_nca},
    {"proxy-nca-pp", proxy_nca_pp},
    {"proxy-anchor", proxy_anchor},
    {"center", center},
    {"contrastive", contrastive},
    {"triplet", triplet},
    {"npair", npair},
    {"infonce", infonce},
    {"supcon", supcon},
    {"circle-pair", circle_pair},
    {"multi-similarity", multi_similarity},
};

}  // namespace facet::composed
