# A thin front: the build is Meson's and ninja's (meson.build), the work is done by tools/.

MAKEFLAGS += --no-print-directory
.SILENT:
.DEFAULT_GOAL := build
.PHONY: build deps check demo install format lint clean fuzz torture valgrind bench help

build:
	tools/build build
	echo "built: build/pgbraid"

help:
	echo "make          builds build/pgbraid (and installs what is missing for that)"
	echo "make demo     the main job from nothing, on a PostgreSQL of its own"
	echo "make check    all tests, under sanitizers"
	echo "make deps     installs what build, program and tests need"
	echo "make install  installs the program and the library (DESTDIR, PREFIX)"
	echo "make format   formats the C code;  make lint  looks at it with every tool at hand"
	echo "make fuzz, make torture, make valgrind, make bench   the long runs"
	echo "make clean    removes everything that was built here"

deps:
	tools/deps build run test browser

check:
	tools/check

demo:
	tools/demo

# Building as the person and installing as root is the usual order: nothing is rebuilt that is there.
install:
	tools/build build $(if $(PREFIX),--prefix=$(PREFIX))
	meson install -C build --no-rebuild --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	echo "installed: $(DESTDIR)$$(meson introspect build --buildoptions | sed -n 's/.*"name": "prefix", "value": "\([^"]*\)".*/\1/p')/bin/pgbraid"

format:
	tools/deps lint
	git ls-files -z -- '*.c' '*.h' | xargs -0r clang-format -i
	echo "formatted: $$(git ls-files -- '*.c' '*.h' | wc -l) files"

lint:
	tools/lint

fuzz:
	exec tools/fuzz $(ARGS)

torture:
	tools/build build-san && exec tests/torture $(ARGS)

valgrind:
	exec tools/valgrind $(ARGS)

bench:
	if [ -x bench/run ]; then tools/build build && exec bench/run $(ARGS); \
	else echo "no benchmarks yet (bench/run)"; fi

clean:
	if [ -x build/pgbraid ]; then for project in build/demo/*/.pgbraid; do \
	  [ ! -d "$$project" ] || build/pgbraid -C "$${project%/.pgbraid}" db stop >/dev/null 2>&1 || :; done; fi
	rm -rf build build-*/
	echo "removed: build build-*"
