# The CUDA kernels of the losses. --fmad=false: both sweeps over the cosines must round alike.

LOSS_KERNELS         = $(wildcard losses/head/cuda/*.cu)
# For the GPU, for the simulated one, and for the double of the runtime.
LOSS_KERNEL_OBJECTS  = $(LOSS_KERNELS:%.cu=$(BUILD)/cuda/%.o)
GPUDOUBLES_KERNELS  += $(LOSS_KERNELS)

$(BUILD)/cuda/losses/head/cuda/%.o: losses/head/cuda/%.cu losses/head/cuda/rules.mk engine/cuda/kernels.mk $(BUILD)/cuda/flags
	$(call CUDA_COMPILE,--fmad=false --expt-relaxed-constexpr -Xcompiler -fopenmp)

-include $(LOSS_KERNEL_OBJECTS:.o=.d)
