#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Windows, columns and options; how right the measures are, is proved in tests/unit/metrics.c,
# tests/peer/metrics.py and tests/long/metrics.

bats_require_minimum_version 1.5.0
load ../common

# columns: the names that HEAD lists.
columns() {
	stream-head -n 1 | awk '$1 == "col" { print $2 }' | xargs
}

@test "the columns are those of the page, in their order" {
	iq-gen --noise 0.1 --rate 10k | iq-metrics >out.leat
	[[ $(columns <out.leat) == "time_s power_dbfs noise_dbfs_hz snr_db offset_hz occupied_hz clipped_fraction dc_i dc_q gain_imbalance_db phase_imbalance_deg crest_db" ]]
}
