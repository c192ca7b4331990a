# What of the CUDA device runs without a GPU: cuDNN's planner, with devices that are only described,
# and the refusals of the runtime.

PLANS_OBJECTS = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/plans/*.cpp))
PLANS_PROGRAM = $(if $(HAVE_CUDNN),$(BUILD)/facet-plans)

.PHONY: test-plans
test-plans: $(PLANS_PROGRAM)  ## plan all convolutions with cuDNN, without a GPU (FULL=1: ask r50 too)
	@$(if $(FULL),FACET_PLANS_FULL=1) tests/plans/plans_test.sh $(BUILD) || [ $$? -eq 77 ]
test: $(PLANS_PROGRAM)

$(BUILD)/facet-plans: $(PLANS_OBJECTS) $(BUILD)/libfacet.a
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(CUDNN_LINK) $(CUDART_LINK) -lgtest -lgtest_main $(LIBS) -o $@

$(PLANS_OBJECTS): | deps-test
$(BUILD)/obj/tests/plans/%.o: private INCLUDES += $(CUDA_INCLUDES)
$(BUILD)/obj/tests/plans/%.o: private OPTIMISE = -O1 -march=native

-include $(PLANS_OBJECTS:.o=.d)
