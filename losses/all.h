// All losses, in the order in which they are listed: a loss is one line here. Whatever is made of all
// of them is made of this list by the compiler (losses/head/registry.h).
#pragma once

// The four founding papers.
#include "losses/mv_softmax.h"
#include "losses/npcface.h"
#include "losses/npt.h"
#include "losses/npt_lse.h"
#include "losses/sv_softmax.h"
#include "losses/unpg.h"

// Softmax and margins.
#include "losses/arcface.h"
#include "losses/combined.h"
#include "losses/cosface.h"
#include "losses/normface.h"
#include "losses/softmax.h"
#include "losses/sphereface.h"
#include "losses/sphereface_r.h"

// Margins and scales that follow the training or the sample.
#include "losses/adacos.h"
#include "losses/adaface.h"
#include "losses/curricularface.h"
#include "losses/elasticface.h"
#include "losses/magface.h"

// Weighted negatives and samples.
#include "losses/arcneg.h"
#include "losses/circle.h"
#include "losses/focal.h"
#include "losses/hm_softmax.h"

// Binary classifiers.
#include "losses/sphereface2.h"
#include "losses/uniface.h"

// Proxies of metric learning.
#include "losses/center.h"
#include "losses/proxy_anchor.h"
#include "losses/proxy_nca.h"
#include "losses/proxy_nca_pp.h"

// Pairs of rows of the batch, without proxies.
#include "losses/circle_pair.h"
#include "losses/contrastive.h"
#include "losses/infonce.h"
#include "losses/multi_similarity.h"
#include "losses/npair.h"
#include "losses/supcon.h"
#include "losses/triplet.h"
