// Who procedural people are: distances, look-alikes, and how a face follows its coordinates.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/error.h"
#include "tools/synth/identity.h"
#include "tools/synth/render.h"

using namespace facet;
using namespace facet::synth;

namespace {

constexpr int kSize = 48;

Identity between(const Identity& a, const Identity& b, float t) {
    Identity result;
    for (int k = 0; k < kTraits; ++k) result.z[k] = a.z[k] + t * (b.z[k] - a.z[k]);
    return result;
}

// Mean absolute difference of two pictures in grey levels.
double difference(const Image& a, const Image& b) {
    double sum = 0;
    for (size_t k = 0; k < a.rgb.size(); ++k) sum += std::abs(int{a.rgb[k]} - int{b.rgb[k]});
    return sum / static_cast<double>(a.rgb.size());
}

Image neutral_picture(const Identity& identity) { return render_face(identity, {}, kSize); }

}  // namespace

TEST(SynthIdentity, EveryTraitHasItsOwnNameAndGroup) {
    std::set<std::string_view> names, groups;
    for (const TraitInfo& trait : trait_table()) {
        names.insert(trait.name);
        groups.insert(trait.group);
        EXPECT_FALSE(trait.meaning.empty()) << trait.name;
    }
    EXPECT_EQ(names.size(), static_cast<size_t>(kTraits));
    EXPECT_EQ(groups, (std::set<std::string_view>{"head", "eyes", "brows", "nose", "mouth", "skin",
                                                  "hair", "marks"}));
    EXPECT_EQ(trait_table()[static_cast<int>(Trait::EyeSpacing)].name, "eye_spacing");
    EXPECT_EQ(trait_table()[static_cast<int>(Trait::ScarPlace)].name, "scar_place");
}

TEST(SynthIdentity, ADrawDependsOnlyOnSeedAndPerson) {
    EXPECT_EQ(draw_identity(7, 42).z, draw_identity(7, 42).z);
    EXPECT_NE(draw_identity(7, 42).z, draw_identity(7, 43).z);
    EXPECT_NE(draw_identity(7, 42).z, draw_identity(8, 42).z);
}

TEST(SynthIdentity, CoordinatesAreStandardNormal) {
    double sum = 0, squares = 0;
    constexpr int people = 400;
    for (int p = 0; p < people; ++p) {
        for (const float z : draw_identity(1, p).z) {
            sum += z;
            squares += double{z} * z;
        }
    }
    const double count = double{people} * kTraits;
    EXPECT_NEAR(sum / count, 0, 5 / std::sqrt(count));
    EXPECT_NEAR(squares / count, 1, 5 * std::sqrt(2 / count));
}

TEST(SynthIdentity, DistanceIsZeroForOneselfAndAboutOneForStrangers) {
    const Identity a = draw_identity(1, 0);
    EXPECT_EQ(distance(a, a), 0);
    double sum = 0;
    for (int p = 1; p <= 200; ++p) {
        const Identity b = draw_identity(1, p);
        EXPECT_EQ(distance(a, b), distance(b, a));
        sum += distance(draw_identity(2, p), b);
    }
    EXPECT_NEAR(sum / 200, 1, 0.05);
}

TEST(SynthIdentity, LookAlikesComeInTheAskedShareAtTheStatedDistance) {
    int look_alikes = 0;
    constexpr int people = 2000;
    for (int p = 1; p < people; p += 2) {
        const float d = distance(draw_identity(3, p, 0.2), draw_identity(3, p - 1, 0.2));
        if (d < 0.6f) {
            ++look_alikes;
            EXPECT_NEAR(d, kLookAlikeDistance, 1e-4);
        }
    }
    EXPECT_NEAR(look_alikes, 0.2 * people, 5 * std::sqrt(0.2 * people));
}

TEST(SynthIdentity, WithoutLookAlikesNobodyIsCloseToTheNeighbour) {
    for (int p = 1; p < 400; p += 2)
        EXPECT_GT(distance(draw_identity(3, p), draw_identity(3, p - 1)), 0.6f);
}

TEST(SynthIdentity, NearestOthersFindTheLookAlike) {
    const Identity a = draw_identity(5, 0), stranger = draw_identity(5, 2);
    const Identity people[] = {a, stranger, between(a, draw_identity(5, 4), 0.1f)};
    const auto nearest = nearest_others(people);
    EXPECT_EQ(nearest[0].index, 2u);
    EXPECT_EQ(nearest[2].index, 0u);
    EXPECT_EQ(nearest[0].distance, distance(people[0], people[2]));
    EXPECT_THROW(nearest_others(std::span(people, 1)), Error);
}

TEST(SynthIdentity, RefusesAnImpossibleShareOfLookAlikes) {
    EXPECT_THROW(draw_identity(1, 1, 0.6), UsageError);
    EXPECT_THROW(draw_identity(1, 1, -0.1), UsageError);
    EXPECT_THROW(draw_identity(1, 1, std::nan("")), UsageError);
}

TEST(SynthIdentity, ASmallStepChangesThePictureALittle) {
    for (int p = 0; p < 6; ++p) {
        const Identity a = draw_identity(11, 2 * p), b = draw_identity(11, 2 * p + 1);
        const Image start = neutral_picture(a);
        const double small = difference(start, neutral_picture(between(a, b, 0.01f)));
        const double whole = difference(start, neutral_picture(b));
        EXPECT_LT(small, 0.06 * whole) << "people " << 2 * p << " and " << 2 * p + 1;
    }
}

TEST(SynthIdentity, EveryTraitShowsInThePicture) {
    // Raised together: some traits only show where another one leaves room (a mole's place needs a
    // mole), so the departure starts from a person who has every mark.
    Identity base;
    for (const Trait t : {Trait::Freckles, Trait::FirstMole, Trait::SecondMole, Trait::Scar,
                          Trait::Beard, Trait::Moustache})
        base[t] = 1.5f;
    base[Trait::HairMelanin] = -1.5f;
    base[Trait::HairLength] = 0.5f;
    base[Trait::HairRed] = 1.5f;
    Factors turned;
    turned.yaw = 25;
    const Image before = render_face(base, turned, 96);
    for (int k = 0; k < kTraits; ++k) {
        Identity changed = base;
        changed.z[k] -= 1.5f;
        EXPECT_GT(difference(before, render_face(changed, turned, 96)), 0.001)
            << trait_table()[k].name;
    }
}

TEST(SynthIdentity, PicturesDifferMoreTheFurtherPeopleAreApart) {
    // Correlation of identity distance and picture distance along random directions.
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    int n = 0;
    for (int p = 0; p < 12; ++p) {
        const Identity a = draw_identity(21, 2 * p), b = draw_identity(21, 2 * p + 1);
        const Image start = neutral_picture(a);
        for (const float t : {0.15f, 0.4f, 0.7f, 1.0f}) {
            const Identity c = between(a, b, t);
            const double x = distance(a, c), y = difference(start, neutral_picture(c));
            sx += x, sy += y, sxx += x * x, syy += y * y, sxy += x * y, ++n;
        }
    }
    const double correlation =
        (n * sxy - sx * sy) / std::sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
    EXPECT_GT(correlation, 0.6);
}
