# Compiles the CUDA kernels for every architecture of CUDA_ARCHS, and as PTX for later ones, into
# $(BUILD)/libfacet-kernels.a. A warning, a spilled register or a stack frame is an error.
# $(BUILD)/cuda/report.txt says what each kernel takes. Needs nvcc, no GPU.

CUDA_KERNELS        = $(wildcard engine/cuda/*.cu)
CUDA_KERNEL_OBJECTS = $(CUDA_KERNELS:engine/cuda/%.cu=$(BUILD)/cuda/%.o) $(LOSS_KERNEL_OBJECTS) $(PICTURE_KERNEL_OBJECTS) \
                      $(OPTIMISER_KERNEL_OBJECTS)
CUDA_TARGETS        = $(foreach arch,$(CUDA_ARCHS),-gencode arch=compute_$(arch),code=sm_$(arch)) \
                      -gencode arch=compute_$(lastword $(CUDA_ARCHS)),code=compute_$(lastword $(CUDA_ARCHS))

.PHONY: cuda-kernels
ifeq ($(CUDA),no)
cuda-kernels:
	@echo "facet: no nvcc was found, the CUDA kernels are not compiled; name its toolkit with CUDA=/path"
else
cuda-kernels: $(BUILD)/cuda/report.txt  ## compile the CUDA kernels; none may spill
	@tail -n 1 $<
endif

$(BUILD)/libfacet-kernels.a: $(BUILD)/cuda/report.txt
	@rm -f $@ && ar rcs $@ $(CUDA_KERNEL_OBJECTS)

$(BUILD)/cuda/report.txt: $(CUDA_KERNEL_OBJECTS) engine/cuda/registers.awk
	@cat $(CUDA_KERNEL_OBJECTS:.o=.log) | c++filt | awk -f engine/cuda/registers.awk > $@ || (cat $@; rm $@; exit 1)

$(BUILD)/cuda/%.o: engine/cuda/%.cu engine/cuda/kernels.mk $(BUILD)/cuda/flags
	$(call CUDA_COMPILE,)

-include $(CUDA_KERNELS:engine/cuda/%.cu=$(BUILD)/cuda/%.d)

# Another toolkit or other architectures: every kernel is compiled again.
$(BUILD)/cuda/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CUDA) $(CUDA_TARGETS)' | cmp -s - $@ || echo '$(CUDA) $(CUDA_TARGETS)' > $@

# The recipe that makes $@ of $<, with what ptxas says, .log, and the PTX, .ptx, beside it. $(1):
# more options.
define CUDA_COMPILE
	@rm -rf $(@:.o=.keep) && mkdir -p $(@:.o=.keep)
	@echo "  nvcc  $<"
	@$(CUDA)/bin/nvcc -std=c++20 -O3 -I. $(CUDA_TARGETS) $(1) -Werror all-warnings -Xcompiler -Wall,-Wextra \
	  -Xptxas -v,-warn-spills,-warn-lmem-usage --keep --keep-dir $(@:.o=.keep) \
	  -MMD -MP -c $< -o $@ > $(@:.o=.log) 2>&1 || (grep -E 'error|arning' $(@:.o=.log); exit 1)
	@cat $(@:.o=.keep)/*.ptx > $(@:.o=.ptx) && rm -r $(@:.o=.keep)
endef
