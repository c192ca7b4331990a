// What a loss keeps between steps or learns: named arrays of double, saved with a checkpoint and
// written to state.json. A loss's forms for float and for double share one State.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace facet {

struct StateArray {
    std::string name;
    bool scalar = false;  // one number (written as a number, not a list)
    double lowest = -std::numeric_limits<double>::infinity();  // that a file may give it
    int64_t columns = 0;           // written as rows of so many numbers; 0: one list
    bool learnable = false;        // the optimiser moves it along -gradient
    std::vector<double> value;     // empty before the first call where its length is C or B
    std::vector<double> gradient;  // dL/dvalue of the last call; learnable arrays only
    bool given = false;            // set from outside for the next call only

    // What a loss learns is one number, or one number for every class.
    bool per_class() const { return learnable && !scalar; }
};

// Throws Error, its words beginning with `where`, unless the array may have these values: finite,
// not below its lowest, and one if it is one number.
void check_values(const StateArray& array, const std::vector<double>& values,
                  const std::string& where);

class State {
public:
    // The array of that name, added if there is none. Its address does not change afterwards.
    StateArray& declare(std::string_view name, bool scalar, bool learnable);
    // One number that is not learned: `first` until something gives it another value.
    StateArray* number(std::string_view name, double first,
                       double lowest = -std::numeric_limits<double>::infinity());
    // nullptr if there is none.
    StateArray* find(std::string_view name);

    uint64_t seed = 0;  // of the random numbers that a loss draws

    std::vector<std::unique_ptr<StateArray>>& arrays() { return arrays_; }
    const std::vector<std::unique_ptr<StateArray>>& arrays() const { return arrays_; }

    // At the end of a call: what was given for it is no longer.
    void end_call();

    // Copies of the arrays, and back (by name; throws Error for a name that is not declared).
    std::vector<StateArray> save() const;
    void restore(const std::vector<StateArray>& saved);

private:
    std::vector<std::unique_ptr<StateArray>> arrays_;
};

}  // namespace facet
