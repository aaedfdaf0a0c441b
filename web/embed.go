// Package web holds the built browser UI, so that the server is one file.
package web

import (
	"embed"
	"io/fs"
)

// The prefix all: takes in dist/.keep too, with which Go builds before npm has built anything.
//
//go:embed all:dist
var dist embed.FS

// Dist returns the built UI, rooted at its index.html. Before `npm run build` it holds no index.html,
// only .keep; whoever serves it says so then.
func Dist() (fs.FS, error) {
	return fs.Sub(dist, "dist")
}
