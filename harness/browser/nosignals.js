function (names) {
	const api = globalThis.PublicKeyCredential;
	if (!api) return;
	for (const name of names) delete api[name];
	const capabilities = api.getClientCapabilities;
	if (typeof capabilities !== "function") return;
	api.getClientCapabilities = async function getClientCapabilities() {
		const found = await Reflect.apply(capabilities, this, []);
		for (const name of names) delete found[name];
		return found;
	};
}
