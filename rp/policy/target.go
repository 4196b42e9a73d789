package policy

import "slices"

// AllUsers is the id of the target that everybody belongs to.
const AllUsers = "all_users"

// TargetType says what a target's id names.
type TargetType string

// The target types; the zero value is TargetGroup. A single user is a target of campaigns only, as in Graph.
const (
	TargetGroup TargetType = "group"
	TargetUser  TargetType = "user"
)

// Target is a group that a setting is about.
type Target struct {
	TargetType TargetType `json:"targetType,omitempty" yaml:"targetType,omitempty"`
	// ID is the group's name, AllUsers for everybody, or a user's name.
	ID string `json:"id" yaml:"id"`
	// AllowedPasskeyProfiles are the ids of the profiles that hold for an included group.
	AllowedPasskeyProfiles []string `json:"allowedPasskeyProfiles,omitempty" yaml:"allowedPasskeyProfiles,omitempty"`
}

// Subject is the person that a policy is asked about.
type Subject struct {
	// UserName is the sign-in name; Groups are the names of their groups.
	UserName string
	Groups   []string
	// Guest marks somebody whose home is another organisation.
	Guest bool
}

func (t Target) covers(s Subject) bool {
	if t.TargetType == TargetUser {
		return t.ID == s.UserName
	}
	return t.ID == AllUsers || slices.Contains(s.Groups, t.ID)
}

func anyCovers(list []Target, s Subject) bool {
	return slices.ContainsFunc(list, func(t Target) bool { return t.covers(s) })
}

// targeted applies includes, none meaning everybody, and then excludes, which win.
func targeted(include, exclude []Target, s Subject) bool {
	return (len(include) == 0 || anyCovers(include, s)) && !anyCovers(exclude, s)
}

// covers reports whether somebody may use passkeys by their groups.
func (p Policy) covers(s Subject) bool { return targeted(p.IncludeTargets, p.ExcludeTargets, s) }

// Provisioning says whether an administrator may add passkeys for somebody.
func (p Policy) Provisioning(s Subject) Verdict {
	switch {
	case s.Guest && !p.IsGuestRegistrationAllowed:
		return GuestNotAllowed
	case !p.Enabled():
		return MethodDisabled
	case !p.covers(s):
		return UserExcluded
	}
	return Accepted
}

// Registration says whether somebody may add passkeys themselves. Its order is that of the guards of the
// Choose-a-method screen.
func (p Policy) Registration(s Subject) Verdict {
	if verdict := p.Provisioning(s); verdict != Accepted {
		return verdict
	}
	if !p.SelfService() {
		return SelfServiceOff
	}
	return Accepted
}
