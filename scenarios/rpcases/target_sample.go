package rpcases

import _ "embed"

// SampleTarget is the file of a target with every key in it, each with a comment.
//
//go:embed target.sample.yaml
var SampleTarget string

// SampleWebsite is the file of a target that is judged by its pages, with a comment for every key. It is that of passkeylab's
// own website, as "passkeylab rp" serves it.
//
//go:embed website.sample.yaml
var SampleWebsite string
