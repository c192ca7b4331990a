# The CUDA device on the CPU: the product's own objects, linked with doubles of the CUDA runtime, of
# cuBLAS and of cuDNN's execution, and with the kernels compiled for the simulated GPU (without its
# checks). cuDNN's descriptors and plans are the real library's: in a build without CUDA there is
# nothing here.
#
#   facet-gpudoubles   the tests
#   facet-doubles      the command, whose --device cuda is the doubled one

# Other folders add their kernels to GPUDOUBLES_KERNELS.
GPUDOUBLES_KERNELS += $(wildcard engine/cuda/*.cu)
GPUDOUBLES_TESTS    = $(wildcard tests/gpudoubles/*_test.cpp)
# Tests of primitives, which run on the CUDA device here.
GPUDOUBLES_TESTS   += tests/gpudoubles/tested_device.cpp \
                      $(patsubst %,tests/engine/%_test.cpp,batch_norm conv gemm rows) tests/train/optimiser/update_rule_test.cpp
GPUDOUBLES_SOURCES  = $(filter-out $(GPUDOUBLES_TESTS),$(wildcard tests/gpudoubles/*.cpp)) \
                      tests/plans/recorder.cpp
GPUDOUBLES_OBJECTS  = $(GPUDOUBLES_SOURCES:%.cpp=$(BUILD)/obj/%.o) \
                      $(GPUDOUBLES_KERNELS:%.cu=$(BUILD)/gpudoubles/%.o) \
                      $(patsubst %,$(GPUSIM)/host/tests/gpusim/%.o,accesses fibers memory scheduler warp)
GPUDOUBLES_TEST_OBJECTS = $(GPUDOUBLES_TESTS:%.cpp=$(BUILD)/obj/%.o)
GPUDOUBLES_PROGRAMS = $(if $(HAVE_CUDA),$(BUILD)/facet-gpudoubles $(BUILD)/facet-doubles)

.PHONY: test-gpudoubles
test-gpudoubles: $(GPUDOUBLES_PROGRAMS)  ## run the CUDA device on the CPU, with doubles of its libraries
	@tests/gpudoubles/gpudoubles_test.sh $(BUILD) || [ $$? -eq 77 ]
test: $(GPUDOUBLES_PROGRAMS)

$(BUILD)/facet-gpudoubles: $(GPUDOUBLES_TEST_OBJECTS) $(GPUDOUBLES_OBJECTS) $(BUILD)/libfacet.a
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(CUDNN_LINK) -lgtest -lgtest_main $(LIBS) -o $@
$(BUILD)/facet-doubles: $(MAIN_OBJECT) $(GPUDOUBLES_OBJECTS) $(BUILD)/libfacet.a
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(CUDNN_LINK) $(LIBS) -o $@

$(BUILD)/gpudoubles/%.o: %.cu | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $< (doubles)"
	@$(CXX) -std=c++20 -O2 -fopenmp-simd $(WARNINGS) $(GCC_HEAP) -I. -Itests/gpusim/include -MMD -MP -x c++ -c $< -o $@

$(GPUDOUBLES_TEST_OBJECTS) $(GPUDOUBLES_OBJECTS): | deps-test
$(filter $(BUILD)/obj/tests/gpudoubles/%,$(GPUDOUBLES_TEST_OBJECTS)): private OPTIMISE = -O0
$(BUILD)/obj/tests/gpudoubles/%.o: private INCLUDES += $(CUDA_INCLUDES)

-include $(GPUDOUBLES_OBJECTS:.o=.d) $(GPUDOUBLES_TEST_OBJECTS:.o=.d)
