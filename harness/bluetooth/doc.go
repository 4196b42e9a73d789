// Package bluetooth is the air between a phone in software and an unmodified Chromium: a software BlueZ on a private message
// bus, and a radio whose every misfortune can be scripted.
//
// The design in five sentences. A [Bus] is a dbus-daemon of its own, with a folder of its own, which a small shell program
// (the guard) removes even when this process is killed: see guard.sh. On it we own the name org.bluez and answer as BlueZ
// does: the object manager, one [Adapter] (org.bluez.Adapter1 at /org/bluez/hci0), and an org.bluez.Device1 for each advert
// that the adapter hears. [Radio] is the air itself: what a phone sends is on the air for a while, and a browser hears it
// only while it discovers and the adapter is plugged in and powered, because a real one would not hear it otherwise. All
// calls of one bus are answered one after the other, and what a call causes is signalled after its answer. Nothing here
// knows what an advert means: package hybrid does.
//
// Chromium looks for org.bluez once, when it starts, so a Bus is started before its browser, which is given [Bus.Env].
// Linux only, because only there Chromium speaks to BlueZ: elsewhere [Start] says so with an *[Unsupported].
package bluetooth
