// The list of all losses, one line each: whatever is made of all of them is made of this list, by
// the compiler (losses/head/registry.h).
//
// In three parts, so that a change to a loss compiles one of them: a file that is compiled for each
// part (losses/head/registered.cpp, losses/head/cuda/*_losses.cu) defines FACET_LOSSES as its
// number. Everywhere else these are all. On a GPU the kernels of class losses are made of parts 1
// and 2, those of pair losses of part 3: in the wrong one a loss does not compile there.
#pragma once

// A softmax over the classes, its margins and scales.
#if !defined(FACET_LOSSES) || FACET_LOSSES == 1
#include "losses/adacos.h"
#include "losses/adaface.h"
#include "losses/arcface.h"
#include "losses/arcneg.h"
#include "losses/combined.h"
#include "losses/cosface.h"
#include "losses/curricularface.h"
#include "losses/elasticface.h"
#include "losses/magface.h"
#include "losses/normface.h"
#include "losses/softmax.h"
#include "losses/sphereface.h"
#include "losses/sphereface_r.h"
#endif

// The other class losses: masks, weights, neighbours, sigmoids, proxies.
#if !defined(FACET_LOSSES) || FACET_LOSSES == 2
#include "losses/circle.h"
#include "losses/focal.h"
#include "losses/hm_softmax.h"
#include "losses/mv_softmax.h"
#include "losses/npcface.h"
#include "losses/npt.h"
#include "losses/npt_lse.h"
#include "losses/proxy_anchor.h"
#include "losses/proxy_nca.h"
#include "losses/proxy_nca_pp.h"
#include "losses/sphereface2.h"
#include "losses/sv_softmax.h"
#include "losses/uniface.h"
#include "losses/unpg.h"
#endif

// The pairs of a batch, and centres.
#if !defined(FACET_LOSSES) || FACET_LOSSES == 3
#include "losses/center.h"
#include "losses/circle_pair.h"
#include "losses/contrastive.h"
#include "losses/infonce.h"
#include "losses/multi_similarity.h"
#include "losses/npair.h"
#include "losses/supcon.h"
#include "losses/triplet.h"
#endif
