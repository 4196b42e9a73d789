package rpcases

import _ "embed"

// SampleTarget is the file of a target with every key in it, each with a comment.
//
//go:embed target.sample.yaml
var SampleTarget string
