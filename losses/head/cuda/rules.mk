# The CUDA kernels of the losses. --fmad=false: both sweeps over the cosines must round alike.
# FMT_USE_CONSTEXPR: fmt's formats are checked in constant expressions, with nvcc too.

LOSS_KERNELS        = $(wildcard losses/head/cuda/*.cu)
# For the GPU, for the simulated one, and for the double of the runtime. For the GPU the list of
# losses is compiled in parts (losses/all.h).
CLASS_KERNEL_PARTS  = $(patsubst %,$(BUILD)/cuda/losses/head/cuda/class_losses.%.o,1 2)
PAIR_KERNEL_PARTS   = $(BUILD)/cuda/losses/head/cuda/pair_losses.3.o
LOSS_KERNEL_OBJECTS = $(CLASS_KERNEL_PARTS) $(PAIR_KERNEL_PARTS) \
                      $(patsubst %.cu,$(BUILD)/cuda/%.o,$(filter-out %_losses.cu,$(LOSS_KERNELS)))
GPUDOUBLES_KERNELS += $(LOSS_KERNELS)

LOSS_KERNEL_COMPILE = $(call CUDA_COMPILE,-DFMT_USE_CONSTEXPR=1 --fmad=false --expt-relaxed-constexpr -Xcompiler -fopenmp $(1))
LOSS_KERNEL_RULES   = losses/head/cuda/rules.mk engine/cuda/kernels.mk $(BUILD)/cuda/flags

$(BUILD)/cuda/losses/head/cuda/%.o: losses/head/cuda/%.cu $(LOSS_KERNEL_RULES)
	$(call LOSS_KERNEL_COMPILE)
$(CLASS_KERNEL_PARTS): $(BUILD)/cuda/losses/head/cuda/class_losses.%.o: losses/head/cuda/class_losses.cu $(LOSS_KERNEL_RULES)
	$(call LOSS_KERNEL_COMPILE,-DFACET_LOSSES=$*)
$(PAIR_KERNEL_PARTS): $(BUILD)/cuda/losses/head/cuda/pair_losses.%.o: losses/head/cuda/pair_losses.cu $(LOSS_KERNEL_RULES)
	$(call LOSS_KERNEL_COMPILE,-DFACET_LOSSES=$*)

-include $(LOSS_KERNEL_OBJECTS:.o=.d)
