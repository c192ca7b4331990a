// The losses: facet_explore() of explore.h, asked in JSON.

// Throws what a loss says of a wrong request, with its hint.
class Refusal extends Error {}

let module = null;
const startEngine = async () => {
  module = await loadFacet();
};

const ask = request => {
  const answer =
      JSON.parse(module.ccall("facet_explore", "string", ["string"], [JSON.stringify(request)]));
  if (answer.error !== undefined)
    throw new Refusal(answer.error + (answer.hint ? ": " + answer.hint : ""));
  return answer;
};
