// What colour the head is at a point: skin, eyes, brows, lips, hair, marks and what covers them.
#pragma once

#include "tools/synth/appearance.h"
#include "tools/synth/factors.h"
#include "tools/synth/mesh.h"

namespace facet::synth {

struct Surface {
    Colour albedo;
    float gloss = 0;      // strength of the highlight
    float sharpness = 1;  // exponent of the highlight, relative to skin
};

// `rest` is Vertex::rest interpolated at the point.
Surface paint(const Appearance& appearance, const Factors& factors, Part part, Vec3 rest);

// The colour of whatever covers the face: cloth, cap, frame, patch.
Colour occluder_colour(const Factors& factors);

// Layers, painted in this order by paint(); `p` is a rest position on the front of the head.
void paint_complexion(Surface& surface, const Appearance& appearance, Vec3 p);
void paint_beard(Surface& surface, const Appearance& appearance, Vec3 p);
void paint_mouth(Surface& surface, const Appearance& appearance, Vec3 p);
void paint_eye(Surface& surface, const Appearance& appearance, Vec3 p);
void paint_brow(Surface& surface, const Appearance& appearance, Vec3 p);
void paint_occluder(Surface& surface, const Appearance& appearance, const Factors& factors, Vec3 p);

}  // namespace facet::synth
