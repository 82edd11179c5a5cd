# Sluice: what people and CI call.

.PHONY: help run test check build bench fuzz sanitize trials chaos

help:                ## Says what there is.
	@grep --extended-regexp '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

build:               ## Builds the release binary, installing what is missing.
	@scripts/bootstrap
	swift build --configuration release --product sluice

run: build           ## Runs the demonstration: a simulated exchange and a NATS server on loopback.
	.build/release/sluice run --config Config/demo.yaml

test:                ## Runs all tests, installing what is missing.
	@scripts/bootstrap --tests
	@scripts/python --prepare
	@scripts/test

check:               ## Checks the format and the house rules.
	@scripts/check

fuzz:                ## Fuzzes what bytes from outside reach first: make fuzz SECONDS=60
	@scripts/bootstrap
	@scripts/fuzz $(or $(SECONDS),60)

sanitize:            ## Runs all tests under the address sanitizer, then under the thread sanitizer.
	@scripts/bootstrap --tests
	@scripts/sanitize

bench:               ## Measures speed, instructions and allocations of a replay: make bench RECORDING=file.ndjson.gz
	@scripts/bootstrap
	@scripts/bench $(RECORDING)

trials: build        ## Runs the long trials, or some: make trials TRIALS="nats faults" RECORDINGS=folder
	@scripts/python --prepare
	@scripts/trials/all $(TRIALS)

chaos: build         ## Minutes of three venues with faults on every edge: make chaos SEED=7 MINUTES=5 RUNS=10
	@scripts/python --prepare
	@scripts/python scripts/chaos --seed $(or $(SEED),0) --minutes $(or $(MINUTES),5) --runs $(or $(RUNS),1)
