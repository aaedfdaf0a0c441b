package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// pages serves the built browser UI. Its own paths, such as /runs/{runId}, all
// give index.html, which looks at the address itself.
type pages struct {
	files map[string]file // by path, without index.html and embed.html
	index *file           // nil when the UI was not built
	embed *file           // nil when the UI was not built
}

type file struct {
	name    string
	content []byte
	etag    string
}

const notBuilt = `The browser UI is not in this executable. Build it with "make build" at the root of the checkout, or use the API: its document is at /api/v1/openapi.json.`

// newPages reads the whole UI once: it is small, and is in memory anyway when
// it is embedded.
func newPages(web fs.FS) (*pages, error) {
	p := &pages{files: map[string]file{}}
	if web == nil {
		return p, nil
	}
	err := fs.WalkDir(web, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		content, err := fs.ReadFile(web, name)
		if err != nil {
			return err
		}
		switch name {
		case "index.html":
			p.index = &file{name: name, content: atRoot(content)}
		case "embed.html":
			p.embed = &file{name: name, content: atRoot(content)}
		default:
			sum := sha256.Sum256(content)
			p.files["/"+name] = file{name: name, content: content, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the built browser UI: %w", err)
	}
	return p, nil
}

// atRoot makes the addresses in a page absolute: it was built to work
// anywhere, but a page at /runs/{runId} would look for ./assets below /runs.
func atRoot(page []byte) []byte { return bytes.ReplaceAll(page, []byte(`"./`), []byte(`"/`)) }

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := r.URL.Path
	if f, ok := p.files[at]; ok {
		if strings.HasPrefix(at, "/assets/") {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable") // the name holds the content's hash
		} else {
			w.Header().Set("Cache-Control", "no-cache")
		}
		w.Header().Set("ETag", f.etag)
		f.serve(w, r)
		return
	}
	switch {
	case at == "/embed/strip" || at == "/embed/runs":
		p.embed.servePage(w, r)
	case isPage(at):
		p.index.servePage(w, r)
	default:
		newProblem(http.StatusNotFound, "No such path", clip(at)+" is not here.").write(w)
	}
}

// isPage reports whether a path may be one of the UI's own. The UI says
// itself which of them it does not know; what programs ask for, and files
// that are missing, must not be answered with a page.
func isPage(at string) bool {
	for _, other := range []string{"/assets/", "/embed/", "/badge/", "/.well-known/"} {
		if strings.HasPrefix(at, other) || at+"/" == other {
			return false
		}
	}
	isFile := strings.LastIndexByte(at, '/') == 0 && strings.Contains(at, ".") // /favicon.ico, but /pipelines/f/load.v2 is a page
	return !isFile && at != "/metrics"
}

func (f *file) servePage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if f == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = fmt.Fprintln(w, notBuilt) // whoever asked is gone when this fails
		return
	}
	f.serve(w, r)
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.content))
}
