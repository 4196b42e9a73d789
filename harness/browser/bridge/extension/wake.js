// Opened by the Go side when the worker ended while requests wait for their answer: a message starts it again.
chrome.runtime.sendMessage("wake").catch(() => {});
