# What a person types. `make` alone lists the targets.
#
#   make build CXX=g++-13     another compiler        make build WERROR=1   warnings are errors
#   make train ARGS="..."     options for the run     make test DEPS=skip   install no packages
#   make test TEST_ARGS="--gtest_filter='Npy.*'"      only some tests

CXX       ?= g++
BUILD     ?= build
ARGS      ?=
TEST_ARGS ?=

# -fno-math-errno and -fno-trapping-math let loops with sqrt and comparisons vectorise. -ffast-math
# is never used: with it isnan(NaN) is false and sums depend on the compiler's choices.
OPTIMISE ?= -O3 -march=native
# g++ sees overflows, overlaps and frees that are not there in inlined code of fmt and of the standard
# library. clang reports every `omp simd` that it leaves as it is.
CLANG    := $(findstring clang,$(shell $(CXX) --version 2>&1))
WARNINGS  = -Wall -Wextra $(if $(WERROR),-Werror) \
            $(if $(CLANG),-Wno-pass-failed,-Wno-stringop-overflow -Wno-restrict -Wno-free-nonheap-object)
# g++ looks for memory to free from 128 MiB on: from a GiB (in KiB) on it compiles a tenth faster.
GCC_HEAP := $(if $(CLANG),,--param ggc-min-heapsize=1048576)
CXXFLAGS ?=
FLAGS     = $(strip -std=c++20 $(OPTIMISE) -fopenmp -fno-math-errno -fno-trapping-math $(WARNINGS) $(GCC_HEAP) $(CXXFLAGS))
# What the arithmetic is compiled with, whatever a file of its own is.
ARITHMETIC_FLAGS := $(FLAGS)
INCLUDES  = -I. -isystem /usr/include/eigen3
LIBS      = -ldnnl -lfmt -lz -fopenmp -lpthread

# The command that `make train` runs; a run folder of its own each time.
OUT   ?= runs/faces-$(shell date +%Y%m%d-%H%M%S)
TRAIN  = $(BUILD)/facet train --config tools/recipes/faces.toml --out $(OUT) $(ARGS)

include engine/cuda/rules.mk

# Every source is found, none is listed. All but main.cpp goes into the library.
SOURCES      := $(shell find engine layers losses train tools -name '*.cpp' ! -path tools/main.cpp \
                  ! -path '*/cuda/*' ! -path losses/head/registered.cpp) $(CUDA_SOURCES)
TEST_SOURCES := $(shell find tests -name '*.cpp' ! -path 'tests/plans/*' ! -path 'tests/gpu*' ! -path 'tests/tools/lab/explorer/*' ! -path 'tests/fuzz/*')
# The list of losses is compiled in parts (losses/all.h).
LOSS_OBJECTS := $(foreach part,1 2 3,$(BUILD)/obj/losses/head/registered.$(part).o)
OBJECTS      := $(SOURCES:%.cpp=$(BUILD)/obj/%.o) $(LOSS_OBJECTS)
TEST_OBJECTS := $(TEST_SOURCES:%.cpp=$(BUILD)/obj/%.o)
MAIN_OBJECT  := $(BUILD)/obj/tools/main.o

# Most files of the command and of the tests do no arithmetic: they compile a third faster with less
# optimisation. Not so what renders or measures, and tests/losses, which share templates with the
# library that must not differ.
HEAVY_FOLDERS := tools/synth tools/bench tools/profile tests/losses
LIGHT_OBJECTS := $(filter-out $(HEAVY_FOLDERS:%=$(BUILD)/obj/%/%), \
                 $(filter $(BUILD)/obj/tools/%,$(OBJECTS) $(MAIN_OBJECT)) $(TEST_OBJECTS))
LIGHT = -O1 -march=native
$(LIGHT_OBJECTS): private OPTIMISE = $(LIGHT)

# One job a core, unless the person asked for another number.
ifeq ($(MAKELEVEL),0)
ifeq ($(filter -j% --jobs%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif
endif

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help deps deps-test deps-format deps-lint build train test test-asan test-tsan test-valgrind test-kills verify bench doctor docs format format-check lint clean

help:          ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(filter-out %.d,$(MAKEFILE_LIST))

deps:          ## install the Debian packages that the build needs (asks nothing, says what for)
	@tools/deps.sh build
deps-test: deps
	@tools/deps.sh test
deps-format:
	@tools/deps.sh format
deps-lint: deps
	@tools/deps.sh lint

build: $(BUILD)/facet  ## compile the command build/facet

train: build   ## build, then train a small network on procedural faces (ARGS="--epochs 2 ...")
	$(TRAIN)

test: $(BUILD)/facet $(BUILD)/facet-tests  ## build and run every test; ends with "N passed, N failed"
	@tests/run.sh $(BUILD) $(TEST_ARGS)

test-asan: deps-test  ## the same under the address and undefined-behaviour sanitizers
	@$(MAKE) --no-print-directory test BUILD=$(BUILD)/asan OPTIMISE="-O1 -g -march=native -fno-omit-frame-pointer \
	  -fsanitize=address,undefined -fno-sanitize-recover=undefined"

# OpenMP's barriers are unknown to the thread sanitizer: one thread of OpenMP's, any number of others.
test-tsan: deps-test  ## loader and ledger under the thread sanitizer
	@$(MAKE) --no-print-directory $(BUILD)/tsan/threads BUILD=$(BUILD)/tsan CUDA=no \
	  OPTIMISE="-O1 -g -march=native -fsanitize=thread"
	@OMP_NUM_THREADS=1 TSAN_OPTIONS=halt_on_error=1 $(BUILD)/tsan/threads $(TEST_ARGS)

test-valgrind: deps-test  ## a short run under valgrind (which knows no AVX-512)
	@$(MAKE) --no-print-directory build BUILD=$(BUILD)/valgrind CUDA=no OPTIMISE="-O1 -g -march=x86-64-v3"
	@tests/valgrind.sh $(BUILD)/valgrind

test-kills: build  ## kill training runs at random moments, resume them, compare (ARGS="KILLS SEED"; minutes)
	@tests/kills/kills.sh $(BUILD) $(ARGS)

verify: build  ## prove every loss: hand-written gradients against independent ones (ARGS="--quick")
	$(BUILD)/facet verify --loss all $(ARGS)

bench: build   ## time one training step (ARGS="--json")
	$(BUILD)/facet bench step $(ARGS)

doctor: build  ## what was found on this machine, what is missing and how to install it
	@$(BUILD)/facet doctor $(ARGS)

docs: build    ## write docs/losses, a page and a picture of every loss, from the losses themselves
	$(BUILD)/facet losses --docs docs/losses

FORMATTED = $(shell find engine layers losses train tools tests -name '*.cpp' -o -name '*.h' -o -name '*.cu*')
format: deps-format        ## clang-format every source in place
	@clang-format -i $(FORMATTED)
format-check: deps-format  ## fail if a source is not formatted
	@clang-format --dry-run -Werror $(FORMATTED)

lint: deps-lint            ## clang-tidy over the product's sources (.clang-tidy), but for those of CUDA
	@printf '%s\n' $(filter-out $(CUDA_SOURCES),$(SOURCES)) losses/head/registered.cpp tools/main.cpp | xargs -P $(shell nproc) -n 1 tools/lint.sh $(INCLUDES)

# `make clean build`: one after the other.
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif
clean:         ## remove build/ (runs/ is kept)
	rm -rf $(BUILD)

$(BUILD)/facet: $(MAIN_OBJECT) $(BUILD)/libfacet.a $(CUDA_KERNEL_LIBRARY)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $(filter-out $(CUDA_KERNEL_LIBRARY),$^) $(CUDA_LINK) $(LIBS) -o $@
	@echo '$(CUDA_LINK) $(LIBS)' > $(BUILD)/libraries  # for who adds to the program, add_loss_test.sh

$(BUILD)/facet-tests: $(TEST_OBJECTS) $(BUILD)/libfacet.a $(CUDA_KERNEL_LIBRARY)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $(filter-out $(CUDA_KERNEL_LIBRARY),$^) $(CUDA_LINK) -lgtest -lgtest_main $(LIBS) -o $@

# What runs on threads of its own, and what that needs.
THREAD_SOURCES = $(wildcard engine/*.cpp engine/cpu/*.cpp train/data/*.cpp train/files/*.cpp) \
                 engine/cuda/none.cpp train/data/cuda/none.cpp tests/train/data_loader_test.cpp tests/engine/ledger_test.cpp
$(BUILD)/threads: $(THREAD_SOURCES:%.cpp=$(BUILD)/obj/%.o)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $^ -lgtest -lgtest_main $(LIBS) -o $@

$(BUILD)/libfacet.a: $(OBJECTS) $(BUILD)/objects
	@rm -f $@ && ar rcs $@ $(OBJECTS)

# stb_image 2.27 shifts a zero by more than 31 bits where a JPEG's coded pixels end early: the result
# is zero on every machine, but the sanitizer of test-asan stops there.
$(BUILD)/obj/train/data/image.o: private FLAGS += -fno-sanitize=shift

# `facet doctor` tells with which flags it was built.
$(BUILD)/obj/tools/doctor.o: private INCLUDES += -DFACET_BUILD_FLAGS='"$(strip $(ARITHMETIC_FLAGS))"'

# Another compiler or other flags: everything is compiled again.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CXX) $(FLAGS) $(INCLUDES)' | cmp -s - $@ || echo '$(CXX) $(FLAGS) $(INCLUDES)' > $@
# Another set of objects: the library is made again.
$(BUILD)/objects: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' > $@
# Neither the compiler nor a library is too old.
$(BUILD)/requirements: tools/requirements.sh $(BUILD)/flags | deps
	@tools/requirements.sh "$(CXX)" $(FLAGS) $(INCLUDES) && touch $@
FORCE:

# The standard library and fmt, read once for all files of one level of optimisation; every file
# includes what it uses all the same. PRECOMPILED= compiles without; ccache wants none.
PRECOMPILED ?= $(if $(CLANG)$(findstring ccache,$(CXX)),,full light)
USE_PRECOMPILED = $(if $(filter -O0,$(OPTIMISE)),,$(addprefix -include $(BUILD)/precompiled/,$(addsuffix \
                    /precompiled.h,$(filter $(if $(filter -O1,$(OPTIMISE)),light,full),$(PRECOMPILED)))))
PRECOMPILED_HEADERS = $(PRECOMPILED:%=$(BUILD)/precompiled/%/precompiled.h.gch)
$(BUILD)/precompiled/light/%: private OPTIMISE = $(LIGHT)
$(BUILD)/precompiled/%.gch: engine/precompiled.h Makefile $(BUILD)/flags | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo '#include "engine/precompiled.h"' > $(BUILD)/precompiled/$*
	@$(CXX) $(FLAGS) $(INCLUDES) -MMD -MP -x c++-header $(BUILD)/precompiled/$* -o $@

COMPILE = $(CXX) $(FLAGS) $(INCLUDES) $(USE_PRECOMPILED) -MMD -MP -c $< -o $@
$(TEST_OBJECTS): | deps-test
$(BUILD)/obj/%.o: %.cpp Makefile $(BUILD)/flags $(PRECOMPILED_HEADERS) | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $<"
	@$(COMPILE)
$(LOSS_OBJECTS): $(BUILD)/obj/losses/head/registered.%.o: losses/head/registered.cpp Makefile $(BUILD)/flags $(PRECOMPILED_HEADERS) | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $< (part $*)"
	@$(COMPILE) -DFACET_LOSSES=$*

include losses/head/cuda/rules.mk train/data/cuda/rules.mk train/optimiser/cuda/rules.mk engine/cuda/kernels.mk tests/gpusim/rules.mk tests/plans/rules.mk tests/gpureport/rules.mk tests/gpucheck/rules.mk tests/mutants/rules.mk tests/fuzz/rules.mk tools/lab/explorer/rules.mk

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(MAIN_OBJECT:.o=.d) $(PRECOMPILED_HEADERS:.gch=.d)
