# Faults planted into the product one at a time: the tests named beside each must fail. Outside of
# `make test`: it takes hours. MUTANTS_ARGS="--only PATTERN" plants some; --help lists the options.

MUTANTS_ARGS ?=

.PHONY: test-mutants
test-mutants: deps-test $(BUILD)/facet $(BUILD)/facet-tests $(BUILD)/gpusim/race-tests  ## plant faults, one at a time: do the tests notice?
	@MAKE="$(MAKE)" tests/mutants/run.py $(BUILD) $(MUTANTS_ARGS)
