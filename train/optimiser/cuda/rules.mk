# The CUDA kernels of the optimisers.

OPTIMISER_KERNELS        = $(wildcard train/optimiser/cuda/*.cu)
# For the GPU, and for the double of the runtime.
OPTIMISER_KERNEL_OBJECTS = $(OPTIMISER_KERNELS:%.cu=$(BUILD)/cuda/%.o)
GPUDOUBLES_KERNELS      += $(OPTIMISER_KERNELS)

$(BUILD)/cuda/train/optimiser/cuda/%.o: train/optimiser/cuda/%.cu train/optimiser/cuda/rules.mk engine/cuda/kernels.mk $(BUILD)/cuda/flags
	$(call CUDA_COMPILE,)

-include $(OPTIMISER_KERNEL_OBJECTS:.o=.d)
