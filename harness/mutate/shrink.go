package mutate

import "slices"

// Shrink returns the smallest recipe that it finds for which something holds still: edits are left out, and then their numbers
// are made smaller. tries bounds how often it asks; holds must be true of r itself.
func Shrink(r Recipe, tries int, holds func(Recipe) bool) Recipe {
	ask := func(smaller Recipe) bool {
		if tries <= 0 {
			return false
		}
		tries--
		return holds(smaller)
	}
	for again := true; again && len(r) > 1; {
		again = false
		for i := range r {
			if smaller := slices.Delete(slices.Clone(r), i, i+1); ask(smaller) {
				r, again = smaller, true
				break
			}
		}
	}
	for i := range r {
		for _, arg := range smallerThan(r[i].Arg) {
			smaller := slices.Clone(r)
			smaller[i].Arg = arg
			if ask(smaller) {
				r = smaller
				break
			}
		}
	}
	return r
}

// smallerThan lists numbers below n, the smallest first: 0, 1, 2, 4, …, and those that leave the same as n when operations
// divide it.
func smallerThan(n int) []int {
	all := []int{n % 8, n % 16}
	for i := 0; i < n; i = max(1, 2*i) {
		all = append(all, i)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(i int) bool { return i >= n })
}
