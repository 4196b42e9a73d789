package phone

// settingsWords are what the Settings app of a system calls its pages and switches. A page without a word does not exist there.
type settingsWords struct {
	passwords, use              string // the list of providers, and the switch of each
	network, airplane, offAgain string // the page, its switch, and the way back from it
	nearby, camera              string
	lock, locked, setLock       string // the page, its switch, and the way to a first lock
}

var (
	androidWords = settingsWords{
		passwords: "Passwords, passkeys & accounts", use: "Use this provider",
		network: "Network & internet", airplane: "Airplane mode", offAgain: "Turn airplane mode off",
		nearby: "Nearby devices", camera: "Camera",
		lock: "Screen lock", locked: "Screen lock", setLock: "Set a screen lock",
	}
	iOSWords = settingsWords{
		passwords: "AutoFill & Passwords", use: "AutoFill from this app",
		network: "Airplane Mode", airplane: "Airplane Mode", offAgain: "Turn Airplane Mode Off",
		camera: "Camera",
		lock:   "Face ID & Passcode", locked: "Passcode", setLock: "Turn Passcode On",
	}
)

// words are those of the phone's system and version.
func (s Settings) words() settingsWords {
	switch {
	case s.OS == IOS && s.version() < 18: // the providers were below Passwords, in its Password Options
		w := iOSWords
		w.passwords = "Passwords"
		return w
	case s.OS == IOS:
		return iOSWords
	}
	w := androidWords
	if !s.asksNearby() {
		w.nearby = ""
	}
	return w
}
