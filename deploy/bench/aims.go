package main

import "fmt"

// aim is a ratio, and what it should be.
type aim struct {
	says         string
	value, limit float64
	bound        string // "at least" or "at most"
}

func (a aim) verdict() string {
	reached := a.value >= a.limit
	if a.bound == "at most" {
		reached = a.value <= a.limit
	}
	if reached {
		return "reached"
	}
	return "missed"
}

// aims are the ratios that say something on any machine.
func aims(r map[string]result) []aim {
	ratio := func(a, b string) float64 { return over(r, a, b) }
	few, many := crowds[0], crowds[len(crowds)-1]
	return []aim{
		{"peer's create and get, by ours over CTAP2", ratio(peer, createGet), 1.5, "at least"},
		{"our allocations over CTAP2, by the peer's", r[createGet].allocations / r[peer].allocations, 1, "at most"},
		{"overhead of a get beyond its signature, by that signature", ratio(exchange, bare) - 1, 0.2, "at most"},
		{fmt.Sprintf("get beside %d credentials, by get beside %d", many, few), ratio(beside(many), beside(few)), 1.1, "at most"},
		{fmt.Sprintf("create beside %d credentials, by create beside %d", many, few), ratio(besideCreate(many), besideCreate(few)), 1.1, "at most"},
		{fmt.Sprintf("enumerateRPsBegin beside %d credentials, beside %d", many, few), ratio(besideRPs(many), besideRPs(few)), 1.1, "at most"},
		{fmt.Sprintf("enumerateCredentialsBegin beside %d credentials, beside %d", many, few),
			ratio(besideCredentials(many), besideCredentials(few)), 1.1, "at most"},
	}
}

// comparisons tell more about the first aim: the peer begins and ends with JSON, which is its client's half of the work.
func comparisons(r map[string]result) []aim {
	return []aim{
		{says: "peer's create and get from parsed options, by ours over CTAP2", value: over(r, peerParsed, createGet)},
		{says: "peer's create and get, by ours from JSON to JSON with a client's checks", value: over(r, peer, createGetJS)},
	}
}

// over is how many times as long a takes as b.
func over(r map[string]result, a, b string) float64 { return float64(r[a].time) / float64(r[b].time) }
