package intake

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
)

// folder reads every file below a folder, in the order of their names, so that
// older hours of a log come first. Files whose name begins with a dot are those
// of the system, and links could lead in a circle: both are left out.
func (im *importer) folder(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			im.done = File{Name: path, Err: openError(err)}
			im.sum()
			im.report(im.done)
			return fs.SkipDir
		case path != root && strings.HasPrefix(entry.Name(), ".") && entry.IsDir():
			return fs.SkipDir
		case !entry.Type().IsRegular(), strings.HasPrefix(entry.Name(), "."):
			return nil
		}
		return im.file(ctx, path, false)
	})
}
