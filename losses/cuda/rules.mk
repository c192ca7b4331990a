# The CUDA kernels of the losses. Those of class losses and pair losses are made of the losses' own
# files: a generated list has every `Registered<ClassLoss<...>>`, another every
# `Registered<PairLoss<...>>`, so that a new loss has its kernels without being named here.
# --fmad=false: both sweeps over the cosines must round alike.

CLASS_LOSSES        := $(shell grep -l '^inline const Registered<ClassLoss<' losses/*.h)
PAIR_LOSSES         := $(shell grep -l '^inline const Registered<PairLoss<' losses/*.h)
LOSS_KERNELS         = $(wildcard losses/cuda/*.cu)
LOSS_KERNEL_INCLUDES = -I$(BUILD)/generated
# For the GPU, for the simulated one, and for the double of the runtime.
LOSS_KERNEL_OBJECTS  = $(LOSS_KERNELS:%.cu=$(BUILD)/cuda/%.o)
GPUDOUBLES_KERNELS  += $(LOSS_KERNELS)

$(foreach kind,cuda gpusim/race gpusim/address gpudoubles,$(BUILD)/$(kind)/losses/cuda/class_losses.o): \
  $(BUILD)/generated/class_losses.inc
$(foreach kind,cuda gpusim/race gpusim/address gpudoubles,$(BUILD)/$(kind)/losses/cuda/pair_losses.o): \
  $(BUILD)/generated/pair_losses.inc
$(BUILD)/generated/class_losses.inc: $(CLASS_LOSSES) losses/cuda/rules.mk
	$(call LIST_LOSSES,ClassLoss,$(CLASS_LOSSES))
$(BUILD)/generated/pair_losses.inc: $(PAIR_LOSSES) losses/cuda/rules.mk
	$(call LIST_LOSSES,PairLoss,$(PAIR_LOSSES))

# The recipe that makes the list of the losses $(1)<...> in the files $(2).
define LIST_LOSSES
	@mkdir -p $(@D)
	@(printf '#include "%s"\n' losses/cuda/types.h $(2); echo 'namespace facet::cuda {'; \
	  sed -nE 's/^inline const Registered<($(1)<.*>)> registered_.*;/\1/p' $(2) | \
	    paste -sd, | sed 's/.*/using $(1)es = Types<&>;/'; echo '}') > $@
endef

$(BUILD)/cuda/losses/cuda/%.o: losses/cuda/%.cu losses/cuda/rules.mk engine/cuda/kernels.mk $(BUILD)/cuda/flags
	$(call CUDA_COMPILE,$(LOSS_KERNEL_INCLUDES) --fmad=false --expt-relaxed-constexpr -Xcompiler -fopenmp)

-include $(LOSS_KERNEL_OBJECTS:.o=.d)
