# Sluice: what people and CI call.

.PHONY: help run test check build bench

help:                ## Says what there is.
	@grep --extended-regexp '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

build:               ## Builds the release binary, installing what is missing.
	@scripts/bootstrap
	swift build --configuration release --product sluice

run: build           ## Runs the demonstration: a simulated exchange and a NATS server on loopback.
	.build/release/sluice run --config Config/demo.yaml

test:                ## Runs all tests, installing what is missing.
	@scripts/bootstrap
	@scripts/python --prepare
	swift test --no-parallel

check:               ## Checks the format and the house rules.
	@scripts/check

bench:               ## Measures the replay of a recording: make bench RECORDING=file.ndjson.gz
	@scripts/bootstrap
	swift build --configuration release --product sluice
	.build/release/sluice replay --recording "$(RECORDING)" --repeat 5
