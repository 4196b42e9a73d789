function ({ binding, object, names }) {
	// Take the channel away from the page before any of its scripts run.
	const channel = globalThis[binding];
	delete globalThis[binding];
	const owner = object.split(".").reduce((o, name) => o && o[name], globalThis);
	if (!channel || !owner) return; // an insecure context has no such interface

	const tell = (news) => channel(JSON.stringify(news));
	const describe = (args) => {
		try {
			return JSON.parse(JSON.stringify(args));
		} catch {
			return null;
		}
	};
	for (const name of names) {
		const real = owner[name];
		if (typeof real !== "function") continue;
		owner[name] = {
			[name](...args) {
				const id = crypto.randomUUID();
				tell({ id, name, args: describe(args) });
				const result = Reflect.apply(real, this, args);
				Promise.resolve(result).then(
					() => tell({ id, outcome: "ok" }),
					(reason) => tell({ id, outcome: String((reason && reason.name) || reason), message: String((reason && reason.message) || "") }),
				);
				return result;
			},
		}[name];
	}
}
