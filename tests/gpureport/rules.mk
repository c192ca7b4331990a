# The static report: for every CUDA kernel what the simulated GPU found, what the compiler made of it
# (registers, stack, spills), its occupancy and computed bounds; and computed bounds of the
# convolutions. Reads what `make cuda-kernels` and the simulator's tests leave. Needs nvcc, no GPU.

GPUREPORT         = $(BUILD)/gpureport
GPUREPORT_FILES   = $(CUDA_KERNEL_OBJECTS:.o=.log) $(GPUSIM)/launches.json
GPUREPORT_SLIPS   = $(GPUREPORT)/slips/slips.log
GPUREPORT_OBJECTS = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/gpureport/*.cpp))

.PHONY: gpu-report gpu-docs
ifeq ($(CUDA),no)
gpu-report gpu-docs:
	@echo "skipped: no CUDA toolkit was found"; echo "0 passed, 0 failed"
else
GPUREPORT_NEEDS = $(GPUREPORT)/report $(GPUREPORT)/roofline $(BUILD)/cuda/report.txt $(GPUSIM)/launches.json $(GPUREPORT_SLIPS)
gpu-report: $(GPUREPORT_NEEDS)  ## what is known of every CUDA kernel without a GPU (needs nvcc)
	@tests/gpureport/run.sh $(GPUREPORT) $(GPUREPORT_FILES)
gpu-docs: gpu-report  ## the same, written to docs/gpu-kernels.md
	@cp $(GPUREPORT)/kernels.md docs/gpu-kernels.md
	@(echo; sed 's/^# /## /' $(GPUREPORT)/convolutions.md) >> docs/gpu-kernels.md
endif

$(GPUREPORT)/report: $(addprefix $(BUILD)/obj/tests/gpureport/,report.o rows.o work.o simulated.o kernels.o)
$(GPUREPORT)/roofline: $(BUILD)/obj/tests/gpureport/roofline.o $(BUILD)/obj/tests/plans/networks.o \
                       $(BUILD)/libfacet.a
$(GPUREPORT)/report $(GPUREPORT)/roofline:
	@mkdir -p $(@D)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ $(LIBS) -o $@
$(BUILD)/obj/tests/gpureport/%.o: private INCLUDES += $(CUDA_INCLUDES)

$(GPUREPORT_SLIPS): tests/gpureport/slips.cu
	@mkdir -p $(@D)
	@echo "  nvcc  $<"
	@$(CUDA)/bin/nvcc -arch=compute_90 -ptx $< -o $(@:.log=.ptx)
	@$(CUDA)/bin/ptxas -v -arch=sm_90 $(@:.log=.ptx) -o $(@:.log=.cubin) > $@ 2>&1

-include $(GPUREPORT_OBJECTS:.o=.d)
