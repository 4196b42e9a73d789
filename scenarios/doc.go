// Package scenarios is the room for what must be true. It has no code of its
// own: journeys tells what people do, in a real browser. Its test holds
// the list of scenarios that exist.
package scenarios
