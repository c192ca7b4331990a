// The measurements from which a face is drawn: what an identity's coordinates mean once the style
// and expression of one picture are added. Lengths are in head units (see geometry.h), colours are
// linear light.
#pragma once

#include "tools/synth/factors.h"
#include "tools/synth/geometry.h"
#include "tools/synth/identity.h"

namespace facet::synth {

struct HeadShape {
    float width;        // half width at the temples
    float crown, chin;  // height of the skull above and of the chin below the eyes
    float depth;        // of the face in front of the head's axis
    float jaw_power;    // exponent of the superellipse of the lower face: 2 round, 3 square
    float jaw;          // relative widening at the jaw angle
    float chin_width, chin_out;
    float cheekbone, cheek;
    float slope;
    float ear;
    float brow_ridge, socket;
    float jaw_drop;  // how far the open mouth lowers the chin
};

struct Eye {
    float x, y;  // centre (mirrored for the left one)
    float half_width;
    float upper, lower;  // lid heights in units of half_width
    float tilt;          // sine of the slant, outer corner up
    float crease;        // height of the fold above the upper lid, in half widths
    float gaze_x, gaze_y;
    Colour iris;
};

struct Brow {
    float inner, outer, y;  // x range and height of the inner end
    float arch, tilt, thickness, density;
};

struct Nose {
    float root, tip;  // y of the root and of the tip
    float wing;       // x of the nostril wings
    float bridge_width, bridge_height, bump;
    float tip_size, tip_out;
};

struct Mouth {
    float y, half_width;
    float upper, lower;  // thickness of the lips
    float bow, curve;    // notch of the upper lip; height of the corners
    float open;          // gap between the lips
    Colour colour;
};

struct Skin {
    Colour colour;
    float ruddiness, age, freckles, freckle_place, gloss;
};

struct Hair {
    Colour colour, brow_colour;
    float length;  // 0 short .. 1 below the chin
    float volume;
    float hairline;  // y at the middle of the forehead
    float recede, parting, curl;
    float beard, moustache;
};

struct Mark {
    float x, y, size, strength;
};

struct Appearance {
    HeadShape head;
    Eye eye;
    Brow brow;
    Nose nose;
    Mouth mouth;
    Skin skin;
    Hair hair;
    Mark moles[2];
    Mark scar;
};

Appearance appearance_of(const Identity& identity, const Factors& factors);

}  // namespace facet::synth
