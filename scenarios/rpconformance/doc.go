// Package rpconformance is the cases of package rpcases as a Ginkgo suite, for whoever runs Ginkgo anyway: its labels, its
// filters, its processes side by side and its reports.
//
//	ginkgo run ./scenarios/rpconformance
//	ginkgo run -p --label-filter='group:reg && must' ./scenarios/rpconformance
//	PASSKEYLAB_CHECK_TARGET=target.yaml ginkgo run ./scenarios/rpconformance
//	ginkgo run --label-filter='id:reg.client-data.framed' ./scenarios/rpconformance
//
// The target is check.target of ginkgo.yaml, the book check.profile (package config). Each case has the labels id:… (with dots,
// since Ginkgo keeps the slash for itself), group:…, its level, and its aliases. The reports are those of passkeylab check rp, in
// the folder rp of reports.dir.
package rpconformance
