package virtualauth

import "iter"

// chain is a list in the order of arrival, linked through its members themselves: joining and leaving cost the same however
// long it is.
//
// One that has left keeps its way to older ones, and newcomers only ever join at the new end. So whoever stands on a member
// can always go on, through others that have left since, and meets exactly those that were older and are there still.
type chain[T any] struct {
	oldest, newest *T
	length         int
}

// link is the neighbours of one member.
type link[T any] struct{ older, newer *T }

// linkOf finds the link by which something stands in one of its chains.
type linkOf[T any] func(*T) *link[T]

// join puts x at the new end. It must never have been in this chain before.
func (c *chain[T]) join(x *T, at linkOf[T]) {
	at(x).older = c.newest
	if c.newest == nil {
		c.oldest = x
	} else {
		at(c.newest).newer = x
	}
	c.newest = x
	c.length++
}

func (c *chain[T]) leave(x *T, at linkOf[T]) {
	l := at(x)
	if l.older == nil {
		c.oldest = l.newer
	} else {
		at(l.older).newer = l.newer
	}
	if l.newer == nil {
		c.newest = l.older
	} else {
		at(l.newer).older = l.older
	}
	l.newer = nil
	c.length--
}

func (c *chain[T]) newestFirst(at linkOf[T]) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for x := c.newest; x != nil && yield(x); x = at(x).older {
		}
	}
}

func (c *chain[T]) oldestFirst(at linkOf[T]) iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for x := c.oldest; x != nil && yield(x); x = at(x).newer {
		}
	}
}
