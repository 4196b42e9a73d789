package main

import (
	"fmt"
	"time"

	"github.com/passkeylab/passkeylab/scenarios/rpcases"
)

// pace makes --rate the pause between requests.
func (o *checkRPOptions) pace(suite *rpcases.Suite) error {
	switch {
	case o.rate == 0:
		return nil
	case o.rate < 0:
		return usage("--rate %v: write how many requests a second may be sent, such as 5 or 0.5", o.rate)
	case suite.Pace == nil:
		return usage("--rate is for servers that are reached over a network; --target=%s is in this process", o.target)
	}
	suite.Pace.Pause = time.Duration(float64(time.Second) / o.rate)
	return nil
}

// waitedFor is a note on how much of a run was waiting for the server; "" for none.
func waitedFor(suite *rpcases.Suite) string {
	if suite.Pace == nil {
		return ""
	}
	times, altogether := suite.Pace.Waited()
	if times == 0 {
		return ""
	}
	return fmt.Sprintf("The server asked to be asked later %d times, and was waited for %s altogether: its limit is lower than a run needs. "+
		"Raise it for the time of the judgement, or ask more slowly with --rate or limits.pause in the target.", times, altogether.Round(time.Second))
}
