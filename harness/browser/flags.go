package browser

import "strings"

// arguments returns the command line for Chromium. Extra arguments come last; the values of an extra --disable-features or
// --enable-features are joined with ours, because Chromium obeys only the last of several.
func arguments(profile string, headed, root bool, extra []string) []string {
	args := []string{
		"--user-data-dir=" + profile,
		"--remote-debugging-port=0",
		"--no-first-run", "--no-default-browser-check", "--no-startup-window",
		"--enable-automation", "--password-store=basic", "--use-mock-keychain",
		// No traffic of its own.
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--disable-domain-reliability", "--disable-client-side-phishing-detection", "--disable-breakpad",
		"--metrics-recording-only", "--disable-component-extensions-with-background-pages",
		// A page behaves the same whether or not its window is in front.
		"--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
		"--disable-hang-monitor", "--disable-ipc-flooding-protection", "--disable-popup-blocking", "--disable-prompt-on-repost",
		"--force-color-profile=srgb", "--mute-audio",
		// A click that comes right after a navigation counts: otherwise the browser drops input until its first paint.
		"--allow-pre-commit-input",
		// Frames of another origin stay in the page's process: rod reads a frame's script context through the page's session.
		"--disable-site-isolation-trials",
	}
	if !headed {
		args = append(args, "--headless=new")
	}
	if root {
		args = append(args, "--no-sandbox") // Chromium refuses to start as root with its sandbox
	}
	features := map[string][]string{
		"--disable-features": {"site-per-process", "IsolateOrigins", "TranslateUI", "Translate", "PaintHolding", "MediaRouter", "OptimizationHints"},
	}
	for _, arg := range extra {
		name, value, ok := strings.Cut(arg, "=")
		if ok && (name == "--disable-features" || name == "--enable-features") {
			features[name] = append(features[name], strings.Split(value, ",")...)
			continue
		}
		args = append(args, arg)
	}
	for _, name := range []string{"--disable-features", "--enable-features"} {
		if len(features[name]) > 0 {
			args = append(args, name+"="+strings.Join(features[name], ","))
		}
	}
	return args
}
