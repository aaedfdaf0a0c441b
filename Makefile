# `make` alone lists what there is. `make demo` and `make test` need nothing prepared; the rest neither.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# Tests, builds and linters use every core by themselves; side by side they would only mix their output.
.NOTPARALLEL:
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT  ?= $(shell git rev-parse --verify --quiet HEAD)
# What the program is built with: no C, no paths of this machine, and its own version.
BUILD   := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)'
TOOL    := go tool -modfile=tools/go.mod
LINT    := CGO_ENABLED=0 $(TOOL) golangci-lint

UI_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: build ## Build, then run an emulated Azure and a board on it until Ctrl-C (ARGS="--listen 127.0.0.1:9090")
	@exec ./andon demo $(ARGS)

.PHONY: build
build: need web/dist/index.html ## Build the executable andon, its UI inside
	$(BUILD) -o andon ./cmd/andon

.PHONY: dev
dev: need web/node_modules/.package-lock.json ## Run the demo and Vite; both take up changes as files are saved
	@scripts/dev

.PHONY: test
test: test-go test-web test-e2e test-clients ## Run every test: Go with the race detector, the UI's units, the browser's, Azure's official clients

.PHONY: test-go
test-go: need-go ## Run the Go tests only (ARGS=./internal/store)
	@scripts/need gcc curl disks
	scripts/test-go $(ARGS)

.PHONY: fuzz
fuzz: need-go ## Fuzz every decoder and parser with random input, before a change lands (TIME=1m; 10 minutes each)
	scripts/fuzz $(TIME)

.PHONY: properties
properties: need-go ## Try every property test from a random seed, long (COUNT=1000)
	scripts/properties $(COUNT)

.PHONY: hostile
hostile: need-go ## Let a real server read the hostile scenario under every fault for long (TIME=10m)
	ANDON_HOSTILE_TIME=$(or $(TIME),10m) CGO_ENABLED=0 go test ./cmd/andon -run NoRunIsLostInAHostileAzure -count=1 -timeout 60m -v

.PHONY: chaos
chaos: need-go ## Kill real servers under every fault, one seeded history after another, and hold the board against the truth (COUNT=200 PARALLEL=4, or SEED=17)
	ANDON_CHAOS_SEEDS=$(or $(SEED),1-$(or $(COUNT),200)) CGO_ENABLED=0 go test ./cmd/andon -run '^TestChaos$$' -count=1 -timeout 180m -parallel $(or $(PARALLEL),4) -v

.PHONY: test-web
test-web: web/node_modules/.package-lock.json ## Run the UI's unit tests only
	npm --prefix web test

.PHONY: test-e2e
test-e2e: build e2e/node_modules/.package-lock.json ## Run the browser tests only, against the built program
	@scripts/need chromium nginx
	npm --prefix e2e test

.PHONY: test-clients
test-clients: build conformance/js/node_modules/.package-lock.json conformance/bruno/node_modules/.package-lock.json ## Run the official clients only, against the emulator (ARGS="go js")
	@scripts/need curl azure
	scripts/conformance $(ARGS)

.PHONY: check
check: verify test ## Run all that CI runs: verify, then test

.PHONY: verify
verify: lint generated cross ## Run what CI runs before the tests: formats, linters, generated files, cross builds

.PHONY: lint
lint: lint-go lint-web ## Check formats and run every linter
	@scripts/need shellcheck
	shellcheck -x scripts/* .ci/run conformance/*/run
	shellcheck --shell=sh --exclude=SC2016 internal/setup/testdata/*.sh.golden # a subject there looks like an expression

.PHONY: lint-go
lint-go: need-go
	$(LINT) fmt --diff
	$(LINT) run ./...
	cd conformance/go && CGO_ENABLED=0 go tool -modfile=../../tools/go.mod golangci-lint run ./...

.PHONY: lint-web
lint-web: web/node_modules/.package-lock.json e2e/node_modules/.package-lock.json
	npm --prefix web run lint
	npm --prefix web run typecheck
	npm --prefix web run knip
	npm --prefix e2e run lint
	npm --prefix e2e run typecheck
	cd conformance && ../e2e/node_modules/.bin/biome check .

.PHONY: fmt
fmt: need web/node_modules/.package-lock.json e2e/node_modules/.package-lock.json ## Format everything
	$(LINT) fmt
	npm --prefix web run format
	npm --prefix e2e run format
	cd conformance && ../e2e/node_modules/.bin/biome check --write .

.PHONY: generate
generate: need web/node_modules/.package-lock.json ## Make the OpenAPI document from Go, and the UI's types from it
	CGO_ENABLED=0 go test ./internal/api -run '^TestOpenAPIGolden$$' -update
	npm --prefix web run generate

.PHONY: generated
generated:
	scripts/check-generated

.PHONY: cross
cross: need web/dist/index.html ## Build for Windows and macOS, into build/
	GOOS=windows GOARCH=amd64 $(BUILD) -o build/andon-windows-amd64.exe ./cmd/andon
	GOOS=darwin GOARCH=arm64 $(BUILD) -o build/andon-darwin-arm64 ./cmd/andon

.PHONY: bench
bench: need-go bench/peer/node_modules/.package-lock.json ## Measure beside peers, for docs/benchmarks.md (ARGS="-only write -rounds 5")
	CGO_ENABLED=0 go run ./bench $(ARGS)

.PHONY: clean
clean: ## Remove what was built and installed here
	rm -rf andon build web/node_modules e2e/node_modules e2e/test-results bench/peer/node_modules conformance/*/node_modules
	find web/dist -mindepth 1 -not -name .keep -delete

.PHONY: need need-go need-node
need:
	@scripts/need go node
need-go:
	@scripts/need go
need-node:
	@scripts/need node

# npm writes this file last, so that it tells when the packages are those of the lock file.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json | need-node
	npm --prefix $* ci --ignore-scripts --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(UI_SOURCES) | need-node
	npm --prefix web run build
