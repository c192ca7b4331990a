// The compositions there are (losses/composition.h), by the name of their loss.
#pragma once

#include "losses/composition.h"

namespace facet::composed {

// compositions_softmax.cpp: cross-entropies
Expr softmax(Composer& c);
Expr normface(Composer& c);
Expr cosface(Composer& c);
Expr arcface(Composer& c);
Expr sv_softmax(Composer& c);

// compositions_hinge.cpp
Expr npt(Composer& c);

struct Named {
    const char* loss;
    Composition composition;
};

inline constexpr Named kAll[] = {
    {"softmax", softmax},        //
    {"normface", normface},      //
    {"cosface", cosface},        //
    {"arcface", arcface},        //
    {"sv-softmax", sv_softmax},  //
    {"npt", npt},                //
};

}  // namespace facet::composed
