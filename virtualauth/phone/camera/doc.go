// Package camera is the eye of a simulated phone: pictures in, the text of a hybrid QR code out (CTAP 2.3 §11.5.1, FIDO:/…).
//
// [Decode] looks at one picture, [Scan] at the pictures of a [Source] until one of them shows a code: a screen, which is a
// function, a file ([File]) or the clipboard ([Clipboard]). What the text means is not the camera's business. The reader is
// gozxing; around it stand the bounds that keep a huge picture from filling the memory, and the answers that a person gets
// who points a real camera at the wrong thing.
package camera
