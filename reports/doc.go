// Package reports holds what a run found, as plain data, and turns it into files that people and machines read.
//
// [Run] is the only format that anybody stores. It carries no behaviour of the tools that filled it in and this
// package imports none of ours, so a run written by one edition can be read, merged and rendered by another.
// Everything that writes is a pure function of a Run: the same data gives the same bytes, which is what the golden
// files in testdata hold us to. No writer looks at the clock, the environment or the network; only [HTML] reads
// files, the pictures, and only through the file system handed to it.
//
//	Run ──► JSON     the data itself; Read brings it back
//	    ├─► JUnit    for CI servers
//	    ├─► HTML     one self-contained page for people
//	    ├─► Gallery  a page of every screen, by language, theme and width
//	    ├─► Summary  the last screen of a console run
//	    └─► Judge    the verdict and the exit code
//
// Several processes or suites each write their own Run; [Merge] makes one of them.
//
// What reaches a Run may be published with it. Whoever fills one in scrubs text first: see harness/trace.
package reports
