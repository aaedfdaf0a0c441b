//go:build unix

package doctor_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"andon/internal/doctor"
	"andon/internal/store"
)

// TestAStoreThatOthersCanReadIsAWarning names the files and the command that
// takes them away.
func TestAStoreThatOthersCanReadIsAWarning(t *testing.T) {
	t.Parallel()
	check := func(mode fs.FileMode) (path string, step doctor.Step) {
		t.Helper()
		path = filepath.Join(t.TempDir(), "andon.db")
		s, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Close(), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		steps := doctor.CheckStore(t.Context(), "sqlite:"+path, doctor.Options{}).Steps
		return path, steps[len(steps)-1]
	}
	if path, got := check(0o600); got.Status != doctor.OK || got.What != path+" opens" {
		t.Errorf("a store of its owner's: %+v", got)
	}
	if path, got := check(0o644); got.Status != doctor.Warning || got.Command != "chmod go= '"+path+"'" ||
		got.What != path+" opens, and other users of this machine can read "+path+": the parameters, outputs and messages of every run" {
		t.Errorf("a store that others can read: %+v", got)
	}
}
