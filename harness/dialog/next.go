package dialog

import "context"

// Next waits for the step with an index, counted from 0 since Open, and returns it: that of a further step than the last one
// seen when the index is the number of those. Errors: ErrClosed, those of the context.
func (w *Window) Next(ctx context.Context, index int) (Moment, error) {
	for {
		past, changed := w.steps.since(index)
		if len(past) > 0 {
			return past[0], nil
		}
		if err := w.wait(ctx, changed); err != nil {
			return Moment{}, err
		}
	}
}
