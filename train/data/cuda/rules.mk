#The CUDA kernels that vary pictures.

PICTURE_KERNELS        = $(wildcard train/data/cuda/*.cu)
# For the GPU, for the simulated one, and for the double of the runtime.
PICTURE_KERNEL_OBJECTS = $(PICTURE_KERNELS:%.cu=$(BUILD)/cuda/%.o)
GPUDOUBLES_KERNELS    += $(PICTURE_KERNELS)

$(BUILD)/cuda/train/data/cuda/%.o: train/data/cuda/%.cu train/data/cuda/rules.mk engine/cuda/kernels.mk $(BUILD)/cuda/flags
	$(call CUDA_COMPILE,)

-include $(PICTURE_KERNEL_OBJECTS:.o=.d)
