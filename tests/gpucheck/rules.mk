# `make gpu-check`: everything that only a GPU can show, in one command, on a machine without a
# network. Not yet run on a GPU.

GPUCHECK         = $(BUILD)/gpu-check
GPUCHECK_SOURCES = $(filter-out %/gpu.cpp %/summary.cpp,$(wildcard tests/gpucheck/*.cpp)) \
                   $(wildcard tests/gpusim/*_kernels_test.cpp) tests/gpudoubles/tested_device.cpp \
                   $(patsubst %,tests/engine/%_test.cpp,batch_norm conv gemm rows) tests/train/optimiser/update_rule_test.cpp
GPUCHECK_OBJECTS = $(GPUCHECK_SOURCES:%.cpp=$(BUILD)/obj/%.o)

.PHONY: gpu-check gpu-check-programs
ifeq ($(HAVE_CUDA),)
gpu-check:
	@echo "gpu-check: this build has no CUDA device: no nvcc, no cuDNN or no cuBLAS was found" >&2; exit 1
else
gpu-check: $(GPUCHECK)/gpu  ## tests, training and benchmarks on this machine's GPU, with a report
	@tests/gpucheck/gpu_check.sh $(GPUCHECK)
endif

# What gpu_check.sh makes for the GPU's architecture alone, in a folder of its own.
gpu-check-programs: $(BUILD)/facet $(BUILD)/facet-gpu-tests $(BUILD)/gpu-summary

$(GPUCHECK)/gpu: tests/gpucheck/gpu.cpp
	@mkdir -p $(@D)
	@echo "  c++   $<"
	@$(CXX) -std=c++20 $(WARNINGS) $(CUDA_INCLUDES) $< $(CUDART_LINK) -o $@

# The simulator's kernel tests, compiled against CUDA's own headers; the tests of primitives, on the
# CUDA device; and those of this folder.
$(BUILD)/facet-gpu-tests: $(GPUCHECK_OBJECTS) $(BUILD)/libfacet.a $(CUDA_KERNEL_LIBRARY)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $(filter-out $(CUDA_KERNEL_LIBRARY),$^) $(CUDA_LINK) -lgtest -lgtest_main $(LIBS) -o $@
$(GPUCHECK_OBJECTS): private INCLUDES += $(CUDA_INCLUDES)

$(BUILD)/gpu-summary: $(BUILD)/obj/tests/gpucheck/summary.o
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(LIBS) -o $@

-include $(GPUCHECK_OBJECTS:.o=.d)
