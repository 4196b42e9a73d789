package web

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // time zones on machines that have none
)

// in makes the tongue write dates for a reader in the zone, an IANA name such as "Europe/Berlin", and reports whether
// it can. A name that is unknown, or that means the server's own zone, is ignored.
func (t *tongue) in(zone string) bool {
	if zone == "" || strings.EqualFold(zone, "local") {
		return false
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return false
	}
	t.zone = place
	return true
}

// Zone returns the zone that dates are written for, by which the browser sees whether to tell its own.
func (t *tongue) Zone() string { return t.zone.String() }

// Date returns a day as the language writes it, in the reader's time zone.
func (t *tongue) Date(at time.Time) string {
	at = at.In(t.zone)
	return t.T("date.long", "Month", t.T(fmt.Sprintf("date.month_%d", at.Month())), "Day", at.Day(), "Year", t.plainNumber(at.Year()))
}

// Ago returns how many days, months or years lie between two instants, by the reader's calendar.
func (t *tongue) Ago(at, now time.Time) string {
	switch days := t.day(now) - t.day(at); {
	case days <= 0:
		return t.T("date.today")
	case days == 1:
		return t.T("date.yesterday")
	case days < 60:
		return t.N("date.days", days)
	case days < 730:
		return t.N("date.months", days/30)
	default:
		return t.N("date.years", days/365)
	}
}

// day numbers the days of the reader's calendar.
func (t *tongue) day(at time.Time) int {
	year, month, day := at.In(t.zone).Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / int64(24*time.Hour/time.Second))
}

// Wait returns a length of time in words, rounded up to whole minutes above one.
func (t *tongue) Wait(d time.Duration) string {
	if d > time.Minute {
		return t.N("date.minutes_word", int((d+time.Minute-1)/time.Minute))
	}
	return t.N("date.seconds_word", max(1, int((d+time.Second-1)/time.Second)))
}
