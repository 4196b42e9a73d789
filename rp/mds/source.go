package mds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// maxRedirects is how often a server may send us on.
const maxRedirects = 3

// source is where BLOBs come from. It is not safe for concurrent use.
type source struct {
	location string // a path, or an http or https URL
	shown    string // the same without a password
	remote   bool
	client   *http.Client
	limit    int64
	etag     string // of the last BLOB that was accepted; forgotten at the end of the process
}

// newSource decides by the location's scheme. The client's own Timeout and CheckRedirect are replaced by ours.
func newSource(location string, client *http.Client, limit int64) (*source, error) {
	if location == "" {
		return nil, errors.New("mds: Config.Location is empty; name the file or the URL of a metadata BLOB")
	}
	s := &source{location: location, shown: location, limit: limit}
	u, err := url.Parse(location)
	if err != nil || !strings.Contains(location, "://") {
		return s, nil // a path, whatever is in it
	}
	s.shown = u.Redacted()
	if u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("mds: %s is neither a file nor an http or https URL", u.Redacted())
	}
	s.remote = true
	s.client = &http.Client{CheckRedirect: followRedirect}
	if client != nil {
		s.client.Transport = client.Transport
	}
	return s, nil
}

// followRedirect keeps to http and https, and never leaves https.
func followRedirect(r *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if r.URL.Scheme != "https" && via[0].URL.Scheme == "https" {
		return fmt.Errorf("redirected from https to %s", r.URL.Scheme)
	}
	return nil
}

// fetched is a BLOB as it came, not yet verified.
type fetched struct {
	token     []byte
	etag      string
	unchanged bool // the one that was accepted last is still the newest
}

// fetch reads the BLOB, within the context's time and the limit. Errors: *SourceError, *BLOBError (StepSize).
func (s *source) fetch(ctx context.Context) (fetched, error) {
	if !s.remote {
		file, err := os.Open(s.location)
		if err != nil {
			return fetched{}, s.failed(0, err)
		}
		defer file.Close() // only read from
		token, err := s.read(file)
		return fetched{token: token}, err
	}
	return s.get(ctx)
}

func (s *source) get(ctx context.Context) (fetched, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.location, nil)
	if err != nil {
		return fetched{}, s.failed(0, err)
	}
	if s.etag != "" {
		request.Header.Set("If-None-Match", s.etag)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return fetched{}, s.failed(0, err)
	}
	defer response.Body.Close() // only read from
	switch {
	case response.StatusCode == http.StatusNotModified && s.etag != "":
		return fetched{unchanged: true}, nil
	case response.StatusCode != http.StatusOK:
		return fetched{}, s.failed(response.StatusCode, fmt.Errorf("the server answers %s", response.Status))
	}
	token, err := s.read(response.Body)
	return fetched{token: token, etag: response.Header.Get("ETag")}, err
}

// read reads no more than one byte beyond the limit; what was compressed is counted as it unpacks.
func (s *source) read(from io.Reader) ([]byte, error) {
	token, err := io.ReadAll(io.LimitReader(from, s.limit+1))
	if err != nil {
		return nil, s.failed(0, err)
	}
	if int64(len(token)) > s.limit {
		return nil, refuse(StepSize, "more than %d bytes", s.limit)
	}
	return token, nil
}

func (s *source) failed(status int, err error) error {
	return &SourceError{Location: s.shown, Status: status, Err: err}
}

// readCache reads the BLOB that an earlier run has kept; none is no error.
func readCache(path string, limit int64) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("mds: cache: %w", err)
	}
	defer file.Close() // only read from
	token, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("mds: cache: %w", err)
	}
	return token, nil
}

// writeCache replaces the cache as a whole: a reader, or a machine that loses power, sees the old BLOB or the new one.
func writeCache(path string, token []byte) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("mds: cache: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("mds: cache: %w", err), os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(token)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
