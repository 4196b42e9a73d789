package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // a format of File and the clipboard
	_ "image/jpeg" // a format of File and the clipboard
	_ "image/png"  // a format of File and the clipboard
	"io"
	"os"
)

// A Source shows pictures: each call returns one that was not returned before, and waits until there is one. A source that
// has no more pictures returns io.EOF.
type Source func(ctx context.Context) (image.Image, error)

// Scan looks at the pictures of a source until one shows a hybrid code, as a camera app does, and returns the code's text.
// Pictures without code, and those whose code cannot be read, are passed over until the source ends; what the last of them
// lacked is then the error. A foreign code, or several codes, end the scan at once. Errors: those of Decode, of the source and
// of the context.
func Scan(ctx context.Context, source Source) (string, error) {
	last := ErrNoCode
	for {
		picture, err := source(ctx)
		if errors.Is(err, io.EOF) {
			return "", last
		}
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return "", fmt.Errorf("%w (the camera gave up: %w)", last, cause)
			}
			return "", fmt.Errorf("camera: %w", err)
		}
		text, err := Decode(picture)
		if err == nil {
			return text, nil
		}
		if !errors.Is(err, ErrNoCode) && !errors.Is(err, ErrUnreadable) {
			return "", err
		}
		last = err
	}
}

// Still is a source of the one picture that show returns.
func Still(show func(ctx context.Context) (image.Image, error)) Source {
	shown := false
	return func(ctx context.Context) (image.Image, error) {
		if shown {
			return nil, io.EOF
		}
		shown = true
		return show(ctx)
	}
}

// File is a source of the one picture in a file: PNG, JPEG or the first of a GIF.
func File(path string) Source {
	return Still(func(context.Context) (image.Image, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err // it names the operation and the file
		}
		defer f.Close()
		picture, err := Read(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return picture, nil
	})
}

// FormatError says that something is no picture in a format that is understood.
type FormatError struct{ Cause error }

// Error names the formats.
func (e *FormatError) Error() string {
	return fmt.Sprintf("not a PNG, JPEG or GIF picture: %v", e.Cause)
}

// Unwrap returns what the decoder of the format said.
func (e *FormatError) Unwrap() error { return e.Cause }

// Read reads one picture: PNG, JPEG or the first of a GIF. Its size is looked at before memory is taken for its pixels.
// Errors: *FormatError, *SizeError, those of the reader.
func Read(r io.ReadSeeker) (image.Image, error) {
	config, _, err := image.DecodeConfig(r)
	if err != nil {
		return nil, &FormatError{Cause: err}
	}
	if err := checkSize(config.Width, config.Height); err != nil {
		return nil, err
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	picture, _, err := image.Decode(r)
	if err != nil {
		return nil, &FormatError{Cause: err}
	}
	return picture, nil
}
