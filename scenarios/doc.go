// Package scenarios is the room for what must be true, and the list of it: journeys tells what people do, in a real
// browser, rpcases what every relying party must accept and refuse, and [Suites] lists every case of every suite without running one.
//
// A journey is declared once, in the test file that tells it, and nowhere else: the files are embedded, and the list is
// read from them. So it needs no step that makes it, and cannot differ from the journeys that the program was built with.
// The test of this package holds the list against the ids of the product specification.
package scenarios
