//go:build !unix

package main

import "time"

// processorTime is what this process has used of the processor so far; here nobody tells.
func processorTime() time.Duration { return 0 }
