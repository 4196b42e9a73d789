package screen

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assets are the embedded files, each under a name that contains the start of its own hash.
type assets struct {
	byName map[string]asset  // hashed name → file
	names  map[string]string // plain name → hashed name
}

type asset struct {
	contentType string
	body        []byte
}

// contentTypes is never written after the program has started.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func loadAssets() (*assets, error) {
	a := &assets{byName: map[string]asset{}, names: map[string]string{}}
	err := fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := staticFiles.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		plain, ext := path.Base(name), path.Ext(name)
		hashed := strings.TrimSuffix(plain, ext) + "." + hex.EncodeToString(sum[:8]) + ext
		a.names[plain] = hashed
		a.byName[hashed] = asset{contentType: contentTypes[ext], body: body}
		return nil
	})
	return a, err
}

// url returns the address of an embedded file, "" if there is none.
func (a *assets) url(plain string) string {
	hashed, ok := a.names[plain]
	if !ok {
		return ""
	}
	return "/static/" + hashed
}

// serve answers with an embedded file, which may be kept for ever because its name changes with its content.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) {
	file, ok := a.byName[r.PathValue("file")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.contentType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	_, _ = w.Write(file.body) // who has gone away needs no file
}
