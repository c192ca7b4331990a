# Finds the CUDA toolkit with cuBLAS, and cuDNN. Where all are found the CUDA device is part of the
# product, else engine/cuda/none.cpp and its like stand in for it.
#
#   make CUDA=/path          that toolkit                       make CUDA=no    as if there were none
#   make CUDNN=/path         cuDNN, where it is not beside the toolkit or the system's libraries
#   make CUDA_ARCHS="90"     compile for these architectures only

ifeq ($(origin CUDA),undefined)
CUDA := $(patsubst %/bin/nvcc,%,$(firstword $(realpath $(shell command -v nvcc)) \
                                            $(wildcard /usr/local/cuda/bin/nvcc)))
CUDA := $(or $(CUDA),no)
else ifneq ($(CUDA),no)
ifeq ($(wildcard $(CUDA)/bin/nvcc),)
$(error CUDA=$(CUDA): there is no bin/nvcc in it; say CUDA=no to build without)
endif
endif
CUDA_ARCHS ?= 80 90 100

# cuDNN 9 with the graph API and described devices: the header must know the latter. The library is
# named by its file, as packages without development links have it.
ifneq ($(CUDA),no)
CUDNN_PLACES  := $(CUDNN) $(CUDA) /usr/local /usr
CUDNN_HEADER  := $(firstword $(shell grep -ls CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION \
                   $(CUDNN_PLACES:%=%/include/cudnn_graph.h) /usr/include/*/cudnn_graph.h))
CUDNN_LIBRARY := $(firstword $(wildcard $(foreach place,$(CUDNN_PLACES), \
                   $(place)/lib64/libcudnn_graph.so.9 $(place)/lib/libcudnn_graph.so.9) \
                   /usr/lib/*/libcudnn_graph.so.9))
HAVE_CUDNN    := $(and $(CUDNN_HEADER),$(CUDNN_LIBRARY))
CUDA_INCLUDES  = -isystem $(CUDA)/include $(if $(CUDNN_HEADER),-isystem $(dir $(CUDNN_HEADER)))
CUDNN_LINK     = $(CUDNN_LIBRARY) -Wl,-rpath,$(dir $(CUDNN_LIBRARY))
CUDA_LIBRARY  = $(firstword $(wildcard $(CUDA)/lib64/lib$(1).so $(CUDA)/lib/lib$(1).so /usr/lib/*/lib$(1).so))
CUDART_LIBRARY := $(call CUDA_LIBRARY,cudart)
CUBLAS_LIBRARY := $(call CUDA_LIBRARY,cublas)
CUDART_LINK    = $(CUDART_LIBRARY) -Wl,-rpath,$(dir $(CUDART_LIBRARY))
HAVE_CUDA     := $(and $(HAVE_CUDNN),$(CUDART_LIBRARY),$(CUBLAS_LIBRARY))
endif

# The files in CUDA_FOLDERS are for a build with CUDA, but for their none.cpp.
CUDA_FOLDERS = engine/cuda losses/head/cuda train/data/cuda train/optimiser/cuda
CUDA_ABSENT  = $(wildcard $(CUDA_FOLDERS:=/none.cpp))
CUDA_SOURCES = $(if $(HAVE_CUDA),$(filter-out $(CUDA_ABSENT),$(wildcard $(CUDA_FOLDERS:=/*.cpp))),$(CUDA_ABSENT))
# What a program with the CUDA device is linked with; tests/gpudoubles has doubles of it.
CUDA_KERNEL_LIBRARY = $(if $(HAVE_CUDA),$(BUILD)/libfacet-kernels.a)
# Whole: nothing names the kernels of the losses, they make themselves known as the program starts.
# They use what is in the library.
CUDA_KERNELS_LINK = -Wl,--whole-archive $(CUDA_KERNEL_LIBRARY) -Wl,--no-whole-archive $(BUILD)/libfacet.a
CUDA_LINK    = $(if $(HAVE_CUDA),$(CUDA_KERNELS_LINK) $(CUBLAS_LIBRARY) $(CUDNN_LINK) $(CUDART_LINK))

$(addsuffix /%.o,$(CUDA_FOLDERS:%=$(BUILD)/obj/%)): private INCLUDES += $(CUDA_INCLUDES)
