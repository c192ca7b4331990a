# `make explorer`: the losses compiled to WebAssembly, and the page around them. Optional: needs
# Emscripten (Debian: emscripten).

EXPLORER      = $(BUILD)/explorer
EMXX         ?= em++
# Every loss with what it needs, and what answers the page; no device, no tape, no threads.
EXPLORER_SOURCES = $(filter-out losses/head/run_loss.cpp losses/head/class_sampling.cpp,$(wildcard losses/head/*.cpp losses/head/cpu/*.cpp)) \
                   engine/ledger.cpp engine/memory.cpp engine/place.cpp engine/random.cpp \
                   tools/lab/spec.cpp tools/lab/scene.cpp \
                   $(addprefix tools/lab/explorer/,explore.cpp question.cpp walk.cpp)
EXPLORER_OBJECTS = $(EXPLORER_SOURCES:%.cpp=$(EXPLORER)/obj/%.o)
EXPLORER_SCRIPTS = $(addprefix tools/lab/explorer/js/,engine.js vectors.js scene.js draw.js chart.js \
                     circle.js sphere.js panels.js controls.js main.js)
# No fused multiply-add and no relaxed arithmetic exist there: the same sums in the same order.
EXPLORER_FLAGS   = -std=c++20 -O2 -fexceptions -Wall -Wextra -Wno-unknown-pragmas \
                   -DFMT_HEADER_ONLY -include tools/lab/explorer/wasm/library.h \
                   -include tools/lab/explorer/wasm/threads.h
# fmt and nlohmann-json are headers only; the rest of /usr/include is not for this machine.
EXPLORER_INCLUDE = $(EXPLORER)/include
EXPLORER_INCLUDES = -I. -Itools/lab/explorer/wasm -isystem $(EXPLORER_INCLUDE)
EXPLORER_TESTS   = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(wildcard tests/tools/lab/explorer/*.cpp))
# Where Debian keeps the modules of em++'s own scripts, for a node that is not Debian's.
EXPLORER_NODE = /usr/share/nodejs:/usr/lib/nodejs

.PHONY: explorer explorer-test
ifeq ($(shell command -v $(EMXX)),)
explorer explorer-test:
	@echo "facet: error: $(EMXX) was not found, the explorer is compiled with Emscripten" >&2
	@echo "facet: hint: apt-get install emscripten" >&2; exit 1
else
explorer: $(EXPLORER)/explorer.html  ## the page in which the losses run live (needs emscripten)
explorer-test: explorer  ## its numbers in a browser against facet grad's (needs chromium)
	@FACET_BINARY=$(BUILD)/facet tests/tools/lab/explorer_test.sh
endif

$(EXPLORER)/explorer.html: $(EXPLORER)/live.html $(BUILD)/facet
	@$(BUILD)/facet explorer --live $< --out $(EXPLORER)

# The page's live part: style, elements, the losses and the scripts that draw.
$(EXPLORER)/live.html: tools/lab/explorer/page.html tools/lab/explorer/page.css $(EXPLORER)/facet.js $(EXPLORER_SCRIPTS)
	@(echo '<style>'; cat tools/lab/explorer/page.css; echo '</style>'; cat tools/lab/explorer/page.html; \
	  echo '<script>'; cat $(EXPLORER)/facet.js; echo '</script>'; \
	  echo '<script>'; echo '"use strict"; (() => {'; cat $(EXPLORER_SCRIPTS); echo '})();'; \
	  echo '</script>') > $@

$(EXPLORER)/facet.js: $(EXPLORER_OBJECTS)
	@echo "  em++  $@"
	@NODE_PATH=$(EXPLORER_NODE) $(EMXX) -O2 -fexceptions $^ -o $@ -sSINGLE_FILE=1 -sMODULARIZE=1 -sEXPORT_NAME=loadFacet \
	  -sENVIRONMENT=web -sALLOW_MEMORY_GROWTH=1 -sFILESYSTEM=0 -sEXPORTED_FUNCTIONS=_facet_explore \
	  -sEXPORTED_RUNTIME_METHODS=ccall

$(EXPLORER)/obj/%.o: %.cpp tools/lab/explorer/rules.mk $(wildcard tools/lab/explorer/wasm/*.h) | $(EXPLORER_INCLUDE)
	@mkdir -p $(@D)
	@echo "  em++  $<"
	@$(EMXX) $(EXPLORER_FLAGS) $(EXPLORER_INCLUDES) -MMD -MP -c $< -o $@

$(EXPLORER)/page-tests: $(EXPLORER_TESTS) $(BUILD)/libfacet.a $(CUDA_KERNEL_LIBRARY)
	@echo "  link  $@"
	@$(CXX) $(FLAGS) $(filter-out $(CUDA_KERNEL_LIBRARY),$^) $(CUDA_LINK) -lgtest -lgtest_main $(LIBS) -o $@

$(EXPLORER_TESTS): private OPTIMISE = -O1 -march=native

$(EXPLORER_INCLUDE):
	@mkdir -p $@ && ln -sfn /usr/include/fmt $@/fmt && ln -sfn /usr/include/nlohmann $@/nlohmann

-include $(EXPLORER_OBJECTS:.o=.d) $(EXPLORER_TESTS:.o=.d)
