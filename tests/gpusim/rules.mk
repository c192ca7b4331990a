# The simulated GPU: kernels compiled by $(CXX), run and checked on the CPU. No CUDA toolkit needed.
#
# The kernels are compiled three ways, the simulator and the tests once:
#   race      -fsanitize=thread without libtsan: every access is checked by the simulator
#   address   -fsanitize=address
#   mutants/  one deliberate fault each (mutants.txt), which the tests must find

GPUSIM         = $(BUILD)/gpusim
GPUSIM_KERNELS = $(wildcard engine/cuda/*.cu losses/head/cuda/*.cu train/data/cuda/*.cu train/optimiser/cuda/*.cu tests/gpusim/*.cu)
GPUSIM_HOST    = $(wildcard tests/gpusim/*.cpp) $(filter-out %/none.cpp %/loss_on_cuda.cpp,$(wildcard losses/head/cuda/*.cpp))
GPUSIM_MUTANTS = $(shell awk '/^BUG_/ {print $$1}' tests/gpusim/mutants.txt)

GPUSIM_FLAGS   = -std=c++20 -g1 -fopenmp-simd $(WARNINGS) $(GCC_HEAP) -I.
# clang's optimiser leaves the padding of a structure out of a copy: a kernel that then reads the copy
# in words would seem to read what nobody has written.
GPUSIM_COMPILE = $(CXX) $(GPUSIM_FLAGS) $(if $(CLANG),-O0,-O1) -Itests/gpusim/include -MMD -MP -x c++
# make test-asan: libfacet.a is instrumented, the simulator and the kernels are not.
GPUSIM_SANITIZE = $(filter -fsanitize=%,$(OPTIMISE))
GPUSIM_LINK    = $(GPUSIM_SANITIZE) -lgtest -lgtest_main $(LIBS)

GPUSIM_OBJECTS = $(GPUSIM_HOST:%.cpp=$(GPUSIM)/host/%.o)
GPUSIM_RACE    = $(GPUSIM_KERNELS:%.cu=$(GPUSIM)/race/%.o)
GPUSIM_ADDRESS = $(GPUSIM_KERNELS:%.cu=$(GPUSIM)/address/%.o)

GPUSIM_PROGRAMS = $(GPUSIM)/race-tests $(GPUSIM)/address-tests $(GPUSIM_MUTANTS:%=$(GPUSIM)/mutants/%)

.PHONY: test-gpusim
test-gpusim: $(GPUSIM_PROGRAMS)  ## run the CUDA kernels on a simulated GPU
	@tests/gpusim/run.sh $(GPUSIM)

test: $(GPUSIM_PROGRAMS)

$(GPUSIM)/race-tests: $(GPUSIM_OBJECTS) $(GPUSIM_RACE) $(BUILD)/libfacet.a
	@echo "  link  $@"
	@$(CXX) $^ $(GPUSIM_LINK) -o $@
$(GPUSIM)/address-tests: $(GPUSIM_OBJECTS) $(GPUSIM_ADDRESS) $(BUILD)/libfacet.a
	@echo "  link  $@"
	@$(CXX) $^ -fsanitize=address $(GPUSIM_LINK) -o $@

# What the tests launched and found; failures are in it, and in run.sh's log.
$(GPUSIM)/launches.json: $(GPUSIM)/race-tests
	@GPUSIM_LAUNCHES=$@ $< --gtest_color=no > $@.log || true

$(GPUSIM)/host/%.o: %.cpp tests/gpusim/rules.mk | deps-test $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $<"
	@$(CXX) $(GPUSIM_FLAGS) -Itests/gpusim/include -MMD -MP $(if $(findstring _test,$<),-O0,-O2) -c $< -o $@
$(GPUSIM)/race/%.o: %.cu tests/gpusim/rules.mk | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $< (race)"
	@$(GPUSIM_COMPILE) -fsanitize=thread -c $< -o $@
$(GPUSIM)/address/%.o: %.cu tests/gpusim/rules.mk | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $< (address)"
	@$(GPUSIM_COMPILE) -fsanitize=address -c $< -o $@

# The program of a mutant is race-tests with the one file exchanged that has the fault.
$(GPUSIM)/mutants/%: $(GPUSIM)/race-tests tests/gpusim/mutants.txt
	@mkdir -p $(@D)
	@echo "  c++   $*"
	@source=$$(awk '$$1 == "$*" {print $$2}' tests/gpusim/mutants.txt); \
	  $(GPUSIM_COMPILE) -fsanitize=thread -D$* -c $$source -o $@.o && \
	  right=$$(printf '%s\n' $(GPUSIM_RACE) | grep -vxF $(GPUSIM)/race/$${source%.cu}.o); \
	  $(CXX) $(GPUSIM_OBJECTS) $$right $@.o $(BUILD)/libfacet.a $(GPUSIM_LINK) -o $@

-include $(GPUSIM_OBJECTS:.o=.d) $(GPUSIM_RACE:.o=.d) $(GPUSIM_ADDRESS:.o=.d)

# What else runs on it.
include tests/gpudoubles/rules.mk
