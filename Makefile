# What a newcomer, CI and the container type. The work itself is Meson's, in build/.

PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600
SAMPLE ?= samples/letter.jpg

.PHONY: all build deps deps-all demo test test-all test-container bench fuzz format check-style \
	install clean

all: build

deps:
	@packaging/deps build run model

deps-all:
	@packaging/deps build run model check

build: deps
	@test -f build/build.ninja || meson setup build --prefix=$(PREFIX) $(if $(CI),-Dwerror=true)
	@meson compile -C build

demo: build
	@samples/demo build $(SAMPLE)

test: build
	@tests/run build

test-all: deps-all
	@tests/all

test-container:
	@packaging/deps container
	@tests/container/run

bench: build
	@meson test -C build --benchmark --verbose

fuzz: deps-all
	@fuzz/run $(FUZZ_SECONDS)

format: deps-all
	@tests/style --format

check-style: deps-all
	@tests/style

install: build
	@meson install -C build

clean:
	rm -rf build build-*
