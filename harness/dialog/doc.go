// Package dialog looks at the browser's own Web Authentication dialog, which no page and no DevTools of pages can see: its
// pixels, for a simulated phone's camera; which sheet it shows; and its native buttons, which it presses.
//
// The design in five sentences. [Setup] says what the browser must be started with, [Open] joins the running browser, and a
// [Window] is then all there is: Pixels and Video, State and AwaitState, Press, Picture. Pixels come from files into which
// Chromium's headless platform draws each window, so that no X server is needed, or from an X server. Which step the dialog
// is in is what Chromium itself logs ("UI step: kCableV2QRCode"): it is exact, in the same words in every language, arrives
// before the step is drawn, and misses nothing however short, which neither the pixels nor the tree of views can promise.
// Title, texts and buttons come from Chromium's inspector of its native views, by which buttons are pressed too. Memory is
// not read, nor are external programs run.
//
// The inspector and the log belong to a whole browser process: one browser shall show one such dialog at a time, which is
// what a journey over the hybrid transport needs anyway. It works on Linux; elsewhere Open says so.
package dialog
