# Reenact: one file, no recursion. V=1 shows the commands.
#
#   make            the programs, in build/
#   make demo       the three lines, run for real on loopback; the lab
#   make check      all tests, under the address and undefined sanitizers
#   make fuzz       each input surface for a minute, or FUZZ_SECONDS
#   make fuzz-memory   some of them under the memory sanitizer
#   make coverage   lines of the reading half that tests and seeds reach
#   make soak       ten minutes, or SOAK_SECONDS, of 10,000 clients of all kinds
#   make bench      figures, as ratios against peers measured in the same run
#   make lint       formatting, header walls, static analysis
#   make check-all  check, and what is slow or needs more: packages, zsh, fish,
#                   clang
#   make install    to $(DESTDIR)$(PREFIX); make uninstall takes it away
#   make deb        Debian packages, in build/

PREFIX ?= /usr/local
BUILD ?= build
CC ?= cc
CFLAGS ?= -O2 -g
VERSION := 0.1.0

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
	-Wwrite-strings -Wformat=2 -Wvla $(if $(CI),-Werror)
CPPFLAGS += -D_GNU_SOURCE -DREENACT_VERSION='"$(VERSION)"' -Ireplay -I.
C11 := -std=c11 -pthread -fno-strict-aliasing $(WARN) -MMD -MP
SANITIZE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDLIBS := -pthread -Wl,--as-needed -lpcap -levent_core -lssl -lcrypto -lz \
	-lzstd -lbrotlidec -lbrotlienc -ljansson -lpcre2-8 -lnghttp2 -lseccomp \
	-lmagic -lzip

# What each archive and program is made of.
capture := $(wildcard replay/capture/*.c)
site := $(wildcard replay/site/*.c) $(wildcard replay/report/*.c)
options := replay/settings.c
rewriting := $(filter-out %/main.c,$(wildcard rewrite/*.c))
naming := $(filter-out %/main.c,$(wildcard dnsgen/*.c))
generator := $(wildcard tests/captures/*.c)
units := $(wildcard tests/unit/test_*.c)
tools := $(wildcard tests/programs/*.c)
benches := $(wildcard tests/bench/*.c)
fuzzers := $(wildcard tests/fuzz/*.c)
soaks := $(wildcard tests/soak/*.c)
programs := $(patsubst %/main.c,%,$(wildcard replay/main.c dnsgen/main.c \
	rewrite/main.c))
sources := $(capture) $(site) $(options) $(rewriting) $(naming) $(programs:=/main.c) \
	$(generator) $(units) $(tools) $(benches) $(fuzzers) \
	$(soaks) $(wildcard tests/preload/*.c)

.PHONY: all demo check check-units check-programs fuzz fuzz-memory coverage \
	check-all soak bench lint format install uninstall deb clean needs
.DELETE_ON_ERROR:
all: $(programs:%=$(BUILD)/%) $(BUILD)/connectivity.pcap $(BUILD)/clock.so

# One set of rules for each way of building: plain and under sanitizers.
# $(1) directory, $(2) more flags.
define variant
$(1)/obj/%.o: %.c $(needed)
	$$(call say,CC,$$<)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CPPFLAGS) $$(CFLAGS) $(C11) $(2) -c -o $$@ $$<
$(1)/obj/replay/report/html_files.o: replay/report/page.css replay/report/page.js
$(1)/obj/replay/site/status_files.o: replay/site/status.css \
	replay/site/status.js replay/site/status.html
$(1)/capture.a: $(capture:%.c=$(1)/obj/%.o)
$(1)/site.a: $(site:%.c=$(1)/obj/%.o)
$(1)/rewrite.a: $(rewriting:%.c=$(1)/obj/%.o)
$(1)/dnsgen.a: $(naming:%.c=$(1)/obj/%.o)
$(1)/%.a:
	$$(call say,AR,$$@)
	$(Q)rm -f $$@ && $$(AR) rcs $$@ $$^
$(1)/replay: $(options:%.c=$(1)/obj/%.o) $(1)/obj/replay/main.o \
	$(1)/site.a $(1)/rewrite.a $(1)/capture.a
$(1)/dnsgen: $(1)/obj/dnsgen/main.o $(1)/dnsgen.a $(1)/rewrite.a $(1)/capture.a
$(1)/rewrite: $(1)/obj/rewrite/main.o $(1)/rewrite.a $(1)/capture.a
$(1)/make-capture: $(generator:%.c=$(1)/obj/%.o)
$(units:tests/unit/%.c=$(1)/unit/%): $(1)/unit/%: $(1)/obj/tests/unit/%.o \
	$(1)/site.a $(1)/dnsgen.a $(1)/rewrite.a $(1)/capture.a
$(tools:tests/programs/%.c=$(1)/tools/%): $(1)/tools/%: \
	$(1)/obj/tests/programs/%.o $(1)/rewrite.a $(1)/capture.a
$(benches:tests/bench/%.c=$(1)/bench/%): $(1)/bench/%: \
	$(1)/obj/tests/bench/%.o $(1)/site.a $(1)/rewrite.a $(1)/capture.a
$(soaks:tests/soak/%.c=$(1)/soak/%): $(1)/soak/%: $(1)/obj/tests/soak/%.o
$(programs:%=$(1)/%) $(1)/make-capture $(units:tests/unit/%.c=$(1)/unit/%) \
$(tools:tests/programs/%.c=$(1)/tools/%) \
$(benches:tests/bench/%.c=$(1)/bench/%) $(soaks:tests/soak/%.c=$(1)/soak/%):
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CFLAGS) $(2) $$(LDFLAGS) -o $$@ $$^ $(LDLIBS) \
		$$(if $$(findstring /unit/,$$@),-lcmocka) \
		$$(if $$(findstring /make-capture,$$@),-lm)
-include $(sources:%.c=$(1)/obj/%.d)
endef

# Preloaded into the lab's clients, hence never sanitized.
$(BUILD)/clock.so: etc/lab/clock.c
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -MMD -MP,$(C11)) -fPIC \
		-shared $(LDFLAGS) -o $@ $<

# Preloaded into programs under test; with an allocator, which the sanitizers
# have one of their own for.
faults := $(BUILD)/faults.so $(BUILD)/faults-malloc.so
$(faults): tests/preload/faults.c tests/preload/faults.h
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(filter-out -MMD -MP,$(C11)) -fPIC \
		-shared $(if $(findstring malloc,$@),-DFAULTS_MALLOC) \
		$(LDFLAGS) -o $@ $<

# Goals for people install what is missing before anything is compiled.
needed := $(if $(filter demo check check-all fuzz fuzz-memory coverage soak \
	bench lint deb,$(MAKECMDGOALS)),| needs)
$(eval $(call variant,$(BUILD),))
$(eval $(call variant,$(BUILD)/san,$(SANITIZE)))

# What the lab answers connectivity checks with.
$(BUILD)/connectivity.pcap: $(BUILD)/make-capture
	$(call say,MAKE,$@)
	$(Q)$< connectivity > $@

needs:
	@tests/needs $(MAKECMDGOALS)

demo: all $(BUILD)/make-capture
	@tests/demo $(BUILD)
	@tests/demo-lab $(BUILD)

san := $(BUILD)/san
check-units: $(units:tests/unit/%.c=$(san)/unit/%)
	@tests/run-units $^
check-programs: $(programs:%=$(san)/%) $(san)/make-capture \
	$(tools:tests/programs/%.c=$(san)/tools/%) all $(BUILD)/make-capture \
	$(tools:tests/programs/%.c=$(BUILD)/tools/%) $(faults) \
	$(soaks:tests/soak/%.c=$(BUILD)/soak/%) \
	$(benches:tests/bench/%.c=$(BUILD)/bench/%)
	@tests/run-programs $(san) $(BUILD)
check: check-units check-programs
check-all: check deb $(fuzzers:tests/fuzz/%.c=$(BUILD)/fuzz/run/%)
	@tests/run-programs $(san) $(BUILD) tests/programs/all/*.py

# libFuzzer is clang's. $(1) directory, $(2) sanitizers and what else.
define fuzzing
$(eval $(call variant,$(1),$(2) -fsanitize=fuzzer-no-link))
$(1)/%: CC := clang
$(fuzzers:tests/fuzz/%.c=$(1)/run/%): $(1)/run/%: $(1)/obj/tests/fuzz/%.o \
	$(1)/site.a $(1)/dnsgen.a $(1)/rewrite.a $(1)/capture.a
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)$$(CC) $$(CFLAGS) $(2) -fsanitize=fuzzer $$(LDFLAGS) -o $$@ $$^ \
		$(LDLIBS)
endef
$(eval $(call fuzzing,$(BUILD)/fuzz,$(SANITIZE)))
fuzz: $(fuzzers:tests/fuzz/%.c=$(BUILD)/fuzz/run/%)
	@tests/fuzz/run $(BUILD)/fuzz $(FUZZ)

# Only what calls no library: what one wrote would count as never written.
pure := $(if $(FUZZ),$(FUZZ),http segments differential names \
	keylog capture)
$(eval $(call fuzzing,$(BUILD)/msan,-O1 -fno-omit-frame-pointer \
	-fsanitize=memory -fsanitize-memory-track-origins))
fuzz-memory: $(pure:%=$(BUILD)/msan/run/%)
	@tests/fuzz/run $(BUILD)/msan $(pure)

cov := $(BUILD)/cov
$(eval $(call fuzzing,$(cov),-O1 -fprofile-instr-generate -fcoverage-mapping))
coverage: $(units:tests/unit/%.c=$(cov)/unit/%) \
	$(fuzzers:tests/fuzz/%.c=$(cov)/run/%)
	@tests/coverage $(cov) $(BUILD)/fuzz/corpus

soak: all $(BUILD)/make-capture $(soaks:tests/soak/%.c=$(BUILD)/soak/%)
	@tests/soak/run $(BUILD)

bench: all $(BUILD)/make-capture $(benches:tests/bench/%.c=$(BUILD)/bench/%)
	@tests/bench/run $(BUILD) $(BENCH)

lint:
	@tests/lint $(sources)
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# What is installed besides the programs. Where a text names /usr, it is made
# to name $(PREFIX).
$(BUILD)/drive-by.pcap: $(BUILD)/make-capture
	$(call say,MAKE,$@)
	$(Q)$< drive-by > $@
$(BUILD)/reenact-lab: etc/lab/lab
	$(Q)ln -sf $(abspath $<) $@
commands := $(programs) reenact-lab
shells := bash zsh fish
completion := $(foreach s,$(shells),$(commands:%=$(BUILD)/completion/$s/%))
$(completion): $(commands:%=$(BUILD)/%) etc/lab/completion.py
	$(call say,MAKE,$@)
	@mkdir -p $(@D)
	$(Q)$(BUILD)/$(@F) --completion $(notdir $(@D)) > $@
pages := replay/replay.8 dnsgen/dnsgen.8 rewrite/rewrite.1 \
	rewrite/reenact-rules.5 etc/lab/reenact-lab.8 etc/reenact.7

# Programs are in bin, though replay(8) and dnsgen(8) are pages for those who
# run a machine: as with tcpdump(8), captures are read without being root.
to = $(DESTDIR)$(PREFIX)
UNITS ?= $(PREFIX)/lib/systemd/system
units_to = $(DESTDIR)$(UNITS)
man = $(to)/share/man/man$(subst .,,$(suffix $(1)))
examples = $(to)/share/doc/reenact/examples
named = sed 's,/usr/\(bin\|share\)/,$(PREFIX)/\1/,g' $(1) > $(2) && \
	chmod 644 $(2)
install: all $(BUILD)/drive-by.pcap $(completion)
	install -d $(to)/bin $(to)/share/reenact/lab $(to)/lib/reenact \
		$(examples)/dnsmasq.d $(sort $(foreach p,$(pages),$(call man,$p))) \
		$(to)/share/bash-completion/completions \
		$(to)/share/zsh/site-functions \
		$(to)/share/fish/vendor_completions.d \
		$(units_to) $(to)/lib/sysusers.d $(to)/lib/tmpfiles.d
	install $(programs:%=$(BUILD)/%) $(to)/bin
	install -m 644 etc/rules.conf $(BUILD)/connectivity.pcap \
		$(to)/share/reenact
	install -m 644 etc/lab/*.py etc/lab/*.js etc/lab/*.conf \
		etc/lab/authority.cmd $(to)/share/reenact/lab
	install etc/lab/lab etc/lab/authority.sh $(to)/share/reenact/lab
	ln -sf ../share/reenact/lab/lab $(to)/bin/reenact-lab
	install -m 644 $(BUILD)/clock.so $(to)/lib/reenact
	install -m 644 etc/rules.conf etc/dnsmasq.conf $(BUILD)/drive-by.pcap \
		$(examples)
	$(call named,etc/systemd/drive-by.conf,$(examples)/drive-by.conf)
	install -m 644 etc/systemd/dnsmasq.conf $(examples)/dnsmasq.d/reenact.conf
	$(foreach p,$(pages),$(call named,$p,$(call man,$p)/$(notdir $p)) &&) :
	install -m 644 $(commands:%=$(BUILD)/completion/bash/%) \
		$(to)/share/bash-completion/completions
	$(foreach c,$(commands),install -m 644 $(BUILD)/completion/zsh/$c \
		$(to)/share/zsh/site-functions/_$c && install -m 644 \
		$(BUILD)/completion/fish/$c \
		$(to)/share/fish/vendor_completions.d/$c.fish &&) :
	$(call named,etc/systemd/reenact@.service,$(units_to)/reenact@.service)
	install -m 644 etc/systemd/reenact.sysusers \
		$(to)/lib/sysusers.d/reenact.conf
	install -m 644 etc/systemd/reenact.tmpfiles \
		$(to)/lib/tmpfiles.d/reenact.conf
uninstall:
	rm -f $(commands:%=$(to)/bin/%) \
		$(foreach p,$(pages),$(call man,$p)/$(notdir $p)) \
		$(commands:%=$(to)/share/bash-completion/completions/%) \
		$(commands:%=$(to)/share/zsh/site-functions/_%) \
		$(commands:%=$(to)/share/fish/vendor_completions.d/%.fish) \
		$(units_to)/reenact@.service $(to)/lib/sysusers.d/reenact.conf \
		$(to)/lib/tmpfiles.d/reenact.conf
	rm -rf $(to)/share/reenact $(to)/lib/reenact $(to)/share/doc/reenact

# Debian wants its folder at the top of a source tree, so there is one made of
# what git knows. The packages are the same bytes wherever and whenever.
tree := $(BUILD)/deb/reenact-$(VERSION)
deb: needs
	rm -rf $(BUILD)/deb
	mkdir -p $(tree)
	git ls-files -z | tar -c --null -T - --mode=u+rw,go=rX | tar -xC $(tree)
	cp -r $(tree)/etc/debian $(tree)/debian
	cd $(tree) && env -u MAKEFLAGS dpkg-buildpackage -us -uc
	cp $(BUILD)/deb/*.deb $(BUILD)
clean:
	rm -rf $(BUILD)
