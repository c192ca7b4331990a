# The static report: what the compiler makes of the CUDA kernels (registers, stack, spills, occupancy),
# and computed bounds of the convolutions. Needs nvcc, no GPU.

GPUREPORT         = $(BUILD)/gpureport
GPUREPORT_KERNELS = $(wildcard engine/cuda/*.cu)
GPUREPORT_FOLDERS = $(CUDA_ARCHS:%=$(GPUREPORT)/sm_%)
GPUREPORT_LOGS    = $(foreach folder,$(GPUREPORT_FOLDERS),$(GPUREPORT_KERNELS:engine/cuda/%.cu=$(folder)/%.log))
GPUREPORT_SLIPS   = $(GPUREPORT)/slips/sm_90/slips.log
GPUREPORT_OBJECTS = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/gpureport/*.cpp))
NVCC_FLAGS        = -std=c++20 -O3 -Werror all-warnings -I.

.PHONY: gpu-report
ifeq ($(CUDA),no)
gpu-report:    ## what the compiler says about the CUDA kernels, and their occupancy (needs nvcc)
	@echo "skipped: no CUDA toolkit was found"; echo "0 passed, 0 failed"
else
gpu-report: $(GPUREPORT)/report $(GPUREPORT)/roofline $(GPUREPORT_LOGS) $(GPUREPORT_SLIPS)
	@tests/gpureport/run.sh $(GPUREPORT) $(GPUREPORT_FOLDERS)
endif

$(GPUREPORT)/report: $(addprefix $(BUILD)/obj/tests/gpureport/,report.o kernels.o)
$(GPUREPORT)/roofline: $(BUILD)/obj/tests/gpureport/roofline.o $(BUILD)/obj/tests/plans/networks.o \
                       $(BUILD)/libfacet.a
$(GPUREPORT)/report $(GPUREPORT)/roofline:
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(LIBS) -o $@
$(BUILD)/obj/tests/gpureport/%.o: private INCLUDES += $(CUDA_INCLUDES)

# What ptxas prints, with the PTX kept beside it. $(1): architecture
define GPUREPORT_RULE
$(GPUREPORT)/sm_$(1)/%.log: engine/cuda/%.cu $(wildcard engine/cuda/*.h engine/cuda/*.cuh)
	@mkdir -p $$(@D)
	@echo "  nvcc  $$< (sm_$(1))"
	@$(CUDA)/bin/nvcc $(NVCC_FLAGS) -arch=compute_$(1) -ptx $$< -o $$(@:.log=.ptx)
	@$(CUDA)/bin/ptxas -v -arch=sm_$(1) $$(@:.log=.ptx) -o $$(@:.log=.cubin) > $$@ 2>&1 || (cat $$@; rm $$@; exit 1)
endef
$(foreach arch,$(CUDA_ARCHS),$(eval $(call GPUREPORT_RULE,$(arch))))

$(GPUREPORT_SLIPS): tests/gpureport/slips.cu
	@mkdir -p $(@D)
	@echo "  nvcc  $<"
	@$(CUDA)/bin/nvcc -arch=compute_90 -ptx $< -o $(@:.log=.ptx)
	@$(CUDA)/bin/ptxas -v -arch=sm_90 $(@:.log=.ptx) -o $(@:.log=.cubin) > $@ 2>&1

-include $(GPUREPORT_OBJECTS:.o=.d)
