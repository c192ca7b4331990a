# Mutated pictures through the decoder, under the sanitizers; not part of `make test`.

FUZZ         = $(BUILD)/fuzz/decode-image
FUZZ_SOURCES = tests/fuzz/decode_image.cpp engine/random.cpp train/files/file_reader.cpp \
               $(addprefix train/data/,image.cpp jpeg_checks.cpp orientation.cpp picture_formats.cpp \
               png_checks.cpp pnm.cpp)
# Without shift for stb_image, see the Makefile.
FUZZ_FLAGS   = -std=c++20 -g -O1 -fsanitize=address,undefined -fno-sanitize=shift \
               -fno-sanitize-recover=undefined $(WARNINGS)

.PHONY: fuzz
fuzz: $(FUZZ)  ## decode damaged pictures under the sanitizers (FUZZ_ARGS="COUNT SEED PICTURE...")
	@$(FUZZ) $(FUZZ_ARGS)

$(FUZZ): $(FUZZ_SOURCES) $(wildcard train/data/*.h tests/train/*fixture.h) tests/fuzz/rules.mk | $(BUILD)/requirements
	@mkdir -p $(@D)
	@echo "  c++   $@"
	@$(CXX) $(FUZZ_FLAGS) -I. $(FUZZ_SOURCES) -lfmt -lz -o $@
