package reports

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"slices"
	"sync"
)

// DefaultMaxBytes is the most that a report is allowed to weigh when nothing else is asked for: 25 MB, which mail
// servers and CI artefact stores still take.
const DefaultMaxBytes = 25_000_000

// Assets are what [HTML] needs beside the run. The zero value writes a report without thumbnails.
type Assets struct {
	Files    fs.FS // Files holds the pictures at their paths: the folder that the report is written to.
	MaxBytes int   // MaxBytes is the most that the report may weigh; DefaultMaxBytes when zero.
}

//go:embed page
var pageFiles embed.FS

// HTML writes the run as one self-contained page: style, script and thumbnails are inside, full pictures and other
// evidence beside it under their paths. The page asks the network for nothing and can be read without its script.
//
// The page never weighs more than assets.MaxBytes: thumbnails that do not fit are left out, those of good results
// first, and, should the text alone be too long, so are the messages below the page and the network entries of good
// results. The page says what was left out.
func HTML(w io.Writer, run Run, assets Assets) error {
	limit := assets.MaxBytes
	if limit <= 0 {
		limit = DefaultMaxBytes
	}
	var notes []string
	text, err := render(run, nil, "", nil)
	if err != nil {
		return err
	}
	if len(text) > limit-noteRoom {
		run = slim(run)
		notes = append(notes, "Lower-level messages and network entries of good results were left out to keep this page small; the stored run has them.")
		if text, err = render(run, nil, "", notes); err != nil {
			return err
		}
	}
	budget := max(0, limit-len(text)-noteRoom)
	paths := picturePaths(run)
	thumbs, left := makeThumbs(assets.Files, paths, budget)
	if missing := len(paths) - len(thumbs) - left; missing > 0 && assets.Files != nil {
		notes = append(notes, count(missing, "picture is", "pictures are")+" missing or unreadable beside the report.")
	}
	// Showing a thumbnail takes some words besides, so the text is longer now, and the budget may be too large.
	for bare := notes; ; {
		style, dropped := chooseThumbs(paths, thumbs, budget)
		if left += dropped; left > 0 {
			notes = append(slices.Clone(bare), count(left, "thumbnail was", "thumbnails were")+" left out to keep this page small; the full pictures are beside it.")
		}
		if text, err = render(run, thumbs, style, notes); err != nil {
			return err
		}
		if len(text) <= limit || budget == 0 {
			break
		}
		budget = max(0, budget-(len(text)-limit)-noteRoom)
	}
	if len(text) > limit {
		return fmt.Errorf("reports: write HTML: the text alone takes %d bytes, more than the %d allowed; split the run or allow more", len(text), limit)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("reports: write HTML: %w", err)
	}
	return nil
}

// noteRoom is kept free for the notes that are added last.
const noteRoom = 4096

func render(run Run, thumbs map[string]thumb, style template.CSS, notes []string) ([]byte, error) {
	tmpl, err := pageTemplate()
	if err != nil {
		return nil, fmt.Errorf("reports: write HTML: %w", err)
	}
	var b bytes.Buffer
	if err := tmpl.Execute(&b, newView(run, thumbs, style, notes)); err != nil {
		return nil, fmt.Errorf("reports: write HTML: %w", err)
	}
	// Messages come with terminal colours and worse; a browser would show boxes.
	return []byte(legal(b.String())), nil
}

// pageTemplate parses the embedded page once.
var pageTemplate = sync.OnceValues(func() (*template.Template, error) {
	return parsePage(pageFiles, "page", "report", "looks", "cases")
})

// parsePage parses the templates of a folder, of which name.html is the page. Its script is name.js, and its style name.css and
// those of more names after it.
func parsePage(files fs.FS, folder, name string, more ...string) (*template.Template, error) {
	var style []byte
	for _, sheet := range append([]string{name}, more...) {
		part, err := fs.ReadFile(files, folder+"/"+sheet+".css")
		if err != nil {
			return nil, err
		}
		style = append(style, part...)
	}
	script, err := fs.ReadFile(files, folder+"/"+name+".js")
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(script)
	functions := template.FuncMap{
		"style":      func() template.CSS { return template.CSS(style) },
		"script":     func() template.JS { return template.JS(script) },
		"scriptHash": func() string { return "sha256-" + base64.StdEncoding.EncodeToString(sum[:]) },
	}
	return template.New(name+".html").Funcs(functions).Funcs(viewFuncs()).ParseFS(files, folder+"/*.html")
}

// picturePaths lists every picture once, those of bad results first: the order in which they get thumbnails.
func picturePaths(run Run) []string {
	var paths []string
	seen := map[string]bool{}
	add := func(result Result) {
		for _, path := range shownPictures(result) {
			if !seen[path] {
				seen[path] = true
				paths = append(paths, path)
			}
		}
	}
	for _, bad := range []bool{true, false} {
		for _, result := range run.Results {
			if result.State.Bad() == bad {
				add(result)
			}
		}
	}
	return paths
}

func shownPictures(result Result) []string {
	var paths []string
	for _, step := range result.Steps {
		for _, picture := range step.pictures() {
			paths = append(paths, picture.Path)
		}
	}
	for _, picture := range result.Pictures {
		paths = append(paths, picture.Path)
	}
	return paths
}

// slim leaves out of good results what is read when something went wrong.
func slim(run Run) Run {
	results := make([]Result, len(run.Results))
	copy(results, run.Results)
	for i := range results {
		if results[i].State.Bad() {
			continue
		}
		results[i].Network, results[i].Exchanges = nil, nil
		results[i].Ceremonies = append([]Ceremony(nil), results[i].Ceremonies...)
		for j := range results[i].Ceremonies {
			results[i].Ceremonies[j].Exchanges = nil
		}
	}
	run.Results = results
	return run
}
