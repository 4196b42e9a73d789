package config

import (
	"io/fs"
	"os"
	"path/filepath"
)

// FileName is the configuration file's name.
const FileName = "ginkgo.yaml"

// findRoot walks up from dir to the nearest folder that holds go.mod or ginkgo.yaml; without one, dir itself.
func findRoot(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, "go.mod")) || exists(filepath.Join(at, FileName)) {
			return at
		}
		if filepath.Dir(at) == at {
			return dir
		}
	}
}

// findFile returns the file to read: the named one, or the nearest ginkgo.yaml in dir or above it, or "" when there is
// none. A relative name is looked for in dir and each folder above it, because a test process does not run where the
// command was typed.
func findFile(dir, named, namedBy string) (string, error) {
	if filepath.IsAbs(named) {
		if !exists(named) {
			return "", &FileError{Path: named, Reason: "there is no such file; it is named by " + namedBy, Err: fs.ErrNotExist}
		}
		return named, nil
	}
	name := named
	if name == "" {
		name = FileName
	}
	for at := dir; ; at = filepath.Dir(at) {
		if path := filepath.Join(at, name); exists(path) {
			return path, nil
		}
		if filepath.Dir(at) == at {
			break
		}
	}
	if named == "" {
		return "", nil
	}
	return "", &FileError{Path: named, Reason: "there is no such file in " + dir + " or above it; it is named by " + namedBy, Err: fs.ErrNotExist}
}

// exists is true for a file that can be seen; a folder of the same name is none.
func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}
