package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"andon/internal/azure"
	"andon/internal/store"
)

const (
	// leastSpace is what the store's log needs to grow once.
	leastSpace = 64 << 20
	// littleSpace is about a million runs.
	littleSpace = 512 << 20
)

// CheckStore looks at the place of history: whether its directory can be
// written, whether there is room, and whether what is there can be opened. It
// leaves nothing behind, and a server that has the store open goes on.
func CheckStore(ctx context.Context, address string, o Options) StoreReport {
	o = o.complete()
	report := StoreReport{Address: address, Steps: []Step{}}
	add := func(name string, do func(context.Context) Step) bool {
		s := timed(ctx, o, name, do)
		report.Steps = append(report.Steps, s)
		return s.Status != Failed
	}
	path := strings.TrimPrefix(strings.TrimPrefix(address, "sqlite:"), "//")
	dir := filepath.Dir(path)
	if add(StepStoreDirectory, func(context.Context) Step { return directoryStep(dir) }) {
		add(StepStoreSpace, func(context.Context) Step { return spaceStep(dir) })
		add(StepStoreFile, func(ctx context.Context) Step { return fileStep(ctx, address, path) })
	} else {
		report.Steps = append(report.Steps, notReached(StepStoreSpace, "the directory can't be used"), notReached(StepStoreFile, "the directory can't be used"))
	}
	report.Status = worst(report.Steps)
	return report
}

// directoryStep writes a file and takes it away again.
func directoryStep(dir string) Step {
	place := dir
	if whole, err := filepath.Abs(dir); err == nil {
		place = whole
	}
	quoted := azure.ShellQuote(place)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return Step{Status: Failed, What: "the directory " + place + " does not exist", Advice: "create it, or give another path with --store", Command: "mkdir -p " + quoted}
	case err != nil:
		return systemFailure("the directory "+place+" can't be looked at", "let Andon's user into it, or give another path with --store", "ls -ld "+quoted, err)
	case !info.IsDir():
		return Step{Status: Failed, What: place + " is not a directory", Advice: "give another path with --store", Command: "ls -ld " + quoted}
	}
	f, err := os.CreateTemp(dir, ".andon-doctor-*")
	if err != nil {
		return notWritable(place, err)
	}
	_, err = f.WriteString("andon doctor was here\n")
	err = errors.Join(err, f.Sync(), f.Close(), os.Remove(f.Name()))
	if err != nil {
		return notWritable(place, err)
	}
	return Step{Status: OK, What: place + " can be written"}
}

// notWritable tells the reasons apart that have other commands.
func notWritable(place string, err error) Step {
	quoted := azure.ShellQuote(place)
	switch {
	case isReadOnly(err):
		return systemFailure("the file system of "+place+" is read-only", "mount it for writing, or give another path with --store", `sudo mount -o remount,rw "$(findmnt --noheadings --output TARGET --target `+quoted+`)"`, err)
	case isFull(err):
		return systemFailure("the disk of "+place+" is full", "make room, or give another path with --store", "df -h "+quoted+"\ndu -xh --max-depth=1 "+quoted+" | sort -h", err)
	case errors.Is(err, os.ErrPermission):
		return systemFailure("Andon's user may not write to "+place, "give it the directory, or give another path with --store", "sudo chown \"$(id -u):$(id -g)\" "+quoted, err)
	default:
		return systemFailure(place+" can't be written", "check its disk, or give another path with --store", "ls -ld "+quoted+"\ndf -h "+quoted, err)
	}
}

// systemFailure shows the system's word, without the path that goes before it.
func systemFailure(what, advice, command string, err error) Step {
	word := err.Error()
	if path, ok := errors.AsType[*os.PathError](err); ok {
		word = path.Err.Error()
	}
	return Step{Status: Failed, What: what, Advice: advice, Command: command, Evidence: &Evidence{System: word}}
}

func spaceStep(dir string) Step {
	free, err := freeSpace(dir)
	if err != nil {
		return notReached(StepStoreSpace, "how much room is left is not known: "+err.Error())
	}
	s := Step{Status: OK, What: inMegabytes(free) + " free"}
	switch {
	case free < leastSpace:
		s.Status = Failed
	case free < littleSpace:
		s.Status = Warning
	default:
		return s
	}
	s.What = fmt.Sprintf("only %s free; a million runs take about %s", inMegabytes(free), inMegabytes(littleSpace))
	s.Advice, s.Command = "make room, or give another path with --store", "df -h "+azure.ShellQuote(dir)
	return s
}

func inMegabytes(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GB", bytes>>30)
	}
	return fmt.Sprintf("%d MB", bytes>>20)
}

// fileStep opens what is there for reading, which needs no lock.
func fileStep(ctx context.Context, address, path string) (step Step) {
	_, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return Step{Status: OK, What: "there is no history yet; andon serve begins one"}
	}
	wide, unknown := store.ReadableByOthers(address) // before opening makes the files of a log
	s, err := store.Open(ctx, address, store.Options{ReadOnly: true})
	if err == nil {
		err = errors.Join(s.Ready(ctx), s.Close())
	}
	if err == nil {
		return modeStep(path, wide, unknown)
	}
	step = Step{Status: Failed, What: err.Error(), Command: "ls -l " + azure.ShellQuote(path)}
	if e, ok := errors.AsType[*store.UnavailableError](err); ok {
		step.What, step.Advice = e.What, e.Next
		if e.Err != nil {
			step.Evidence = &Evidence{System: e.Err.Error()}
		}
	}
	return step
}

// modeStep says of a store that opens which of its files other users can read.
func modeStep(path string, wide []string, unknown error) Step {
	switch {
	case unknown != nil:
		return notReached(StepStoreFile, "whether other users can read it is not known: "+unknown.Error())
	case len(wide) == 0:
		return Step{Status: OK, What: path + " opens"}
	}
	command := []string{"chmod", "go="}
	for _, file := range wide {
		command = append(command, azure.ShellQuote(file))
	}
	return Step{
		Status: Warning, What: path + " opens, and other users of this machine can read " + strings.Join(wide, ", ") + ": the parameters, outputs and messages of every run",
		Advice: "take it away from them; andon serve does so when it starts", Command: strings.Join(command, " "),
	}
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) }
