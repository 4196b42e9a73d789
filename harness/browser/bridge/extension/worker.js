// The browser's end of the bridge: every Web Authentication request of every page arrives here, goes to the Go side through
// the DevTools binding "bridgeRequest", and comes back through answer(). Listeners stand at the top level, because the
// browser restarts an ended worker for a request and then delivers it to those only.
const api = chrome.webAuthenticationProxy;
const waiting = []; // requests that came before DevTools was attached

const tell = (kind, request) => {
	const message = JSON.stringify({ kind, ...request });
	if (globalThis.bridgeRequest) globalThis.bridgeRequest(message);
	else waiting.push(message);
};
api.onCreateRequest.addListener((request) => tell("create", request));
api.onGetRequest.addListener((request) => tell("get", request));
api.onIsUvpaaRequest.addListener((request) => tell("platform", request));
api.onRequestCanceled.addListener((requestId) => tell("cancel", { requestId }));
chrome.runtime.onMessage.addListener(() => {}); // see wake.js

const attached = api.attach();

// ready is called by the Go side whenever it has attached: it returns what waits, and says why the browser refused, if it did.
globalThis.ready = async () => ({ refused: (await attached) || "", waiting: waiting.splice(0) });

// answer gives a reply to the browser and returns why it was not accepted, or nothing.
globalThis.answer = async (kind, details) => {
	const complete = { create: api.completeCreateRequest, get: api.completeGetRequest, platform: api.completeIsUvpaaRequest }[kind];
	try {
		await complete.call(api, details);
		return "";
	} catch (reason) {
		return String(reason.message || reason);
	}
};
