# passkeylab: everything needs Go, make and git; `make deps` installs the rest on Debian and Ubuntu.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
BIN     := .bin/passkeylab
# Given to the journeys, for example: make scenarios ARGS="--label-filter=id:WP-01 -v"
ARGS    ?=
comma   := ,
# Where our Go code is.
FOLDERS := virtualauth rp harness scenarios reports cmd deploy
# The unit tests are all packages but the journeys, which are run by Ginkgo.
UNIT    = $$($(GO) list ./... | grep -v /scenarios/journeys)

# After make deps there is no excuse for a missing driver: a journey that cannot run for lack of one fails. Only on Linux does a
# browser look for Bluetooth where software can answer it.
REQUIRED := devtools,bridge,api$(if $(filter Linux,$(shell uname -s)),$(comma)hybrid)
JOURNEYS = PASSKEYLAB_DRIVERS_REQUIRED=$${PASSKEYLAB_DRIVERS_REQUIRED-$(REQUIRED)} $(BIN) journeys

.PHONY: help
help: ## show this list
	@printf 'make <target>\n\n'
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r target words; do printf '  %-10s %s\n' "$$target" "$$words"; done
	@printf '\nThe journeys take ARGS, for example: make scenarios ARGS="--label-filter=id:WP-01"\n'

.PHONY: deps
deps: ## install what is missing (Debian, Ubuntu), or say what to install
	@deploy/deps.sh

.PHONY: build
build: ## build the one binary, .bin/passkeylab
	@mkdir -p $(dir $(BIN))
	$(GO) build -o $(BIN) ./cmd/passkeylab

.PHONY: scenarios
scenarios: deps build ## run all journeys; reports in reports/out
	@$(JOURNEYS) $(ARGS)

.PHONY: test
test: deps lint unit build ## all checks, unit tests and the essential journeys
	@$(JOURNEYS) --label-filter='essential' $(ARGS)

.PHONY: unit
unit: ## unit tests only
	$(GO) test -vet=off $(UNIT)

# Unit tests have some hundred of these walks; all of them take minutes. A failure names the walk and how to repeat it.
.PHONY: walks
walks: ## walk 10,000 times through the relying party at random, and look at everything after each step
	$(GO) test -vet=off ./scenarios/walk -run='TestWalks$$' -count=1 -timeout=40m -walk.sequences=10000

.PHONY: mutants
mutants: ## hold every case against relying parties that lack one check each, and print who caught them
	$(GO) test -vet=off ./scenarios/mutants -run='TestMutantsAreCaught$$' -count=1 -v -timeout=40m -mutants.matrix

.PHONY: lint
lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l $(FOLDERS)); \
	if [ -n "$$unformatted" ]; then printf 'not formatted; run gofmt -w on:\n%s\n' "$$unformatted" >&2; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Needs Node.js; npm's modules, in pinned versions, go to a cache. What was found: deploy/foreign/README.md.
.PHONY: foreign
foreign: build ## judge WebAuthn servers that are not ours; reports in reports/out/foreign
	@deploy/foreign/run.sh

.PHONY: bench
bench: deps build bench-auth ## time the authenticator, the relying party, ceremonies with a phone, and the suite
	@$(BIN) bench

# A module of its own, since only it needs the software that it compares with. The TPM's part needs cgo for the simulator.
.PHONY: bench-auth
bench-auth: ## compare authenticator and handshake with a peer and with bare cryptography
	@cd deploy/bench && $(GO) run .
	@$(GO) test -run='^$$' -bench='Handshake|BareCrypto|Frame' ./virtualauth/hybrid | grep '^Benchmark'
	@if [ -d virtualauth/keystore/tpmstore ] && [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then \
		$(GO) test -run='^$$' -bench='Assertion|Registration' -benchtime=1000x ./virtualauth/keystore/tpmstore | grep -E '^Benchmark|x-bare'; \
	fi

# Finds what decoders choke on; a finding becomes a file under testdata/fuzz, which the unit tests then try for ever.
FUZZTIME ?= 1m
.PHONY: fuzz
fuzz: ## fuzz every decoder in turn, each for FUZZTIME (1m)
	@grep -rn --include=*_test.go '^func Fuzz' $(FOLDERS) | sed 's/\([^:]*\)\/[^/]*:[0-9]*:func \(Fuzz[A-Za-z0-9_]*\).*/\1 \2/' | while read -r folder target; do \
		printf '%s %s: ' "$$folder" "$$target"; $(GO) test -run='^$$' -fuzz="^$$target$$" -fuzztime=$(FUZZTIME) "./$$folder" | tail -n 1; \
	done

.PHONY: rp
rp: build ## serve the relying party with demo accounts on this machine
	@$(BIN) rp $(ARGS)

.PHONY: doctor
doctor: build ## check what a run needs, and show the settings
	@$(BIN) doctor

.PHONY: clean
clean: ## remove what was built and the reports
	rm -rf .bin reports/out
