package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"andon/internal/adf"
	"andon/internal/app"
	"andon/internal/collector"
	"andon/internal/config"
	"andon/internal/store"
)

func newCollectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "collect --from TIME [--to TIME]",
		Short: "Read a range of history from Azure once more, and end",
		Long: "Reads the runs that were last updated within a range, of every factory, whatever\n" +
			"the store has of them, and says per factory what was missing. Azure keeps 45 days:\n" +
			"what of the range lies before is left out, and each factory's line says so.\n" +
			"Factories that Azure no longer lists are named.\n\n" +
			"It exits with 1 if a source could not be listed or a factory could not be read\n" +
			"whole. What Azure no longer has, of a range or of factories, is no failure.\n\n" +
			"The settings are those of andon serve: the same environment and file. A store that\n" +
			"a server has open is refused: --server has that server read the range instead.",
		Example: "  andon collect --from 2026-11-01 --to 2026-11-03\n  andon collect --from 48h --server http://127.0.0.1:8080",
		Args:    noArgs,
	}
	f := cmd.Flags()
	from := f.String("from", "", "where the range begins: a time, a day, or how long ago (48h)")
	to := f.String("to", "", "where it ends; now when it is left out")
	server := f.String("server", "", "have the andon at this address read it")
	file := f.String("config", "", "file with settings, such as andon.yaml")
	f.String("store", config.DefaultStore, "where history is kept: sqlite:PATH (ANDON_STORE)")
	f.String("budget", fmt.Sprint(config.DefaultBudget), "share of Azure's documented limits that may be used, or off (ANDON_BUDGET)")
	f.StringArray("factory", nil, "read this factory only: resource id, Studio or portal address, or subscription/resourceGroup/name; with --server its short id too; repeatable (ANDON_FACTORIES)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		w, err := rangeOf(*from, *to, time.Now())
		if err != nil {
			return err
		}
		given := givenFlags(cmd)
		if *server != "" {
			for _, not := range []string{"config", "store", "budget"} {
				if _, ok := given[not]; ok {
					return usageErrorf("--server and --%s exclude each other: the server has settings of its own", not)
				}
			}
			return collectByServer(cmd, *server, given["factory"], w)
		}
		for _, own := range []string{"from", "to", "config"} {
			delete(given, own)
		}
		c, err := config.Load(config.Input{File: *file, Flags: given, Env: os.Getenv})
		if err != nil {
			return usageError{err}
		}
		return collectHere(cmd, c, w)
	}
	return cmd
}

func rangeOf(from, to string, now time.Time) (store.Window, error) {
	if from == "" {
		return store.Window{}, usageErrorf("--from is missing: say where the range begins, such as --from 48h")
	}
	w := store.Window{To: adf.TimeOf(now)}
	begin, err := parseMoment(from, now)
	if err != nil {
		return w, usageErrorf("--from: %w", err)
	}
	w.From = adf.TimeOf(begin)
	if to != "" {
		end, err := parseMoment(to, now)
		if err != nil {
			return w, usageErrorf("--to: %w", err)
		}
		w.To = adf.TimeOf(end)
	}
	if w.From >= w.To {
		return w, usageErrorf("--from: the range begins at %s, which is not before its end at %s", w.From, w.To)
	}
	return w, nil
}

// collected is what was read of the factories, and which of them failed.
type collected struct {
	out    io.Writer
	from   adf.Time // where the range begins that was asked for
	failed []string
	err    error // of writing
}

// tell says what became of one factory.
func (c *collected) tell(factory string, r rereadRow) {
	said := counted(r.Rows, "run") + " read"
	if from, err := adf.ParseTime(r.From); err == nil && from > c.from {
		said += fmt.Sprintf(" from %s on (Azure keeps nothing older)", from)
	}
	said += fmt.Sprintf(", %d of them new", r.Added)
	if r.Missed+r.Outdated > 0 {
		said += fmt.Sprintf(": %d should have been here, and %d were outdated", r.Missed, r.Outdated)
	}
	if r.State == string(collector.RereadFailed) {
		said += "; then it broke off"
		c.failed = append(c.failed, factory+": "+text(r.What))
	}
	_, err := fmt.Fprintf(c.out, "%s: %s\n", factory, said)
	c.err = errors.Join(c.err, err)
}

// whyGone is why nothing is read of a factory that was deleted or moved.
const whyGone = "Azure no longer lists it"

// leaveOut says why nothing is read of a factory.
func (c *collected) leaveOut(factory, why string) {
	_, err := fmt.Fprintf(c.out, "%s: left out, since %s\n", factory, why)
	c.err = errors.Join(c.err, err)
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// countedWere is counted with its verb: "1 row was", "2 rows were".
func countedWere(n int64, what string) string {
	if n == 1 {
		return "1 " + what + " was"
	}
	return counted(n, what) + " were"
}

func (c *collected) end(err error) error {
	if len(c.failed) > 0 {
		err = errors.Join(err, errors.New(strings.Join(c.failed, "; ")))
	}
	return errors.Join(err, c.err)
}

// rereadRow is a range as the API shows it.
type rereadRow struct {
	From      string  `json:"from"`
	To        string  `json:"to"`
	State     string  `json:"state"`
	Rows      int64   `json:"rows"`
	Added     int64   `json:"added"`
	Missed    int64   `json:"missed"`
	Outdated  int64   `json:"outdated"`
	What      *string `json:"what"`
	OrderedAt string  `json:"orderedAt"`
}

func collectHere(cmd *cobra.Command, c config.Config, w store.Window) error {
	logger, err := newLogger(cmd.ErrOrStderr(), "error")
	if err != nil {
		return err
	}
	v, _ := buildVersion()
	done := &collected{out: cmd.OutOrStdout(), from: w.From}
	gone, err := app.ReadRange(cmd.Context(), app.Options{Config: c, Version: v, Logger: logger}, w, func(p store.Place, r collector.Reread) {
		done.tell(p.Short, rereadRow{From: r.Window.From.String(), State: string(r.State), Rows: r.Rows, Added: r.Added, Missed: r.Missed, Outdated: r.Outdated, What: &r.What})
	})
	for _, p := range gone {
		done.leaveOut(p.Short, whyGone)
	}
	if e, ok := errors.AsType[*store.UnavailableError](err); ok && e.InUse {
		err = fmt.Errorf("%w; or have the server that has it read the range: --server http://%s", err, config.DefaultListen)
	}
	return done.end(err)
}

// askEvery is the pause between questions for what became of ordered ranges.
const askEvery = 2 * time.Second

// collectByServer orders the range of each factory and waits for the end.
func collectByServer(cmd *cobra.Command, server string, given []string, w store.Window) error {
	ctx := cmd.Context()
	b, err := openServer(server)
	if err != nil {
		return err
	}
	done := &collected{out: cmd.OutOrStdout(), from: w.From}
	factories, err := b.factoriesToCollect(ctx, given, done)
	if err != nil {
		return err
	}
	ordered := map[string]rereadRow{} // by factory
	for _, factory := range factories {
		body, err := b.post(ctx, "/api/v1/factories/"+url.PathEscape(factory)+"/rereads", map[string]string{"from": w.From.String(), "to": w.To.String()})
		var made rereadRow
		if err == nil {
			err = json.Unmarshal(body, &made)
		}
		if err != nil {
			done.failed = append(done.failed, fmt.Sprintf("%s: %s", factory, err))
			continue
		}
		ordered[factory] = made
	}
	for len(ordered) > 0 {
		select {
		case <-ctx.Done():
			return done.end(fmt.Errorf("the server goes on reading %s: %w", counted(int64(len(ordered)), "factory's range"), ctx.Err()))
		case <-time.After(askEvery):
		}
		if err := b.take(ctx, ordered, done); err != nil {
			return done.end(err)
		}
	}
	return done.end(nil)
}

// listedFactory is a factory as the API lists it.
type listedFactory struct {
	Factory   string
	FactoryID adf.FactoryID
	Source    *string // nil for one that is known from files alone
	State     string
}

// factoriesToCollect returns the short ids of the given factories; without any
// those of all that have a source, and says which others are left out. One that
// has a source and is not collected is among them: the server says why it can't
// read it, so that no stored factory goes unmentioned.
func (b *board) factoriesToCollect(ctx context.Context, given []string, done *collected) ([]string, error) {
	body, err := b.get(ctx, "/api/v1/factories", nil)
	if err != nil {
		return nil, err
	}
	var list struct{ Items []listedFactory }
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("the answer of %s is not a list of factories: %w", b.base, err)
	}
	if len(given) > 0 {
		return b.shortIDs(given, list.Items)
	}
	var out []string
	isCollecting := false
	for _, f := range list.Items {
		isOff := f.State == string(store.StateNotCollected)
		switch {
		case f.State == string(store.StateGone):
			done.leaveOut(f.Factory, whyGone)
		case isOff && f.Source == nil:
			done.leaveOut(f.Factory, "it is known from imported files alone, and the server does not collect it")
		default:
			out = append(out, f.Factory)
			isCollecting = isCollecting || !isOff
		}
	}
	if !isCollecting {
		return nil, errors.Join(fmt.Errorf("the andon at %s collects no factory", b.base), done.err)
	}
	return out, nil
}

// shortIDs returns the short ids of factories that were named by these, or by
// what names a factory elsewhere.
func (b *board) shortIDs(given []string, listed []listedFactory) ([]string, error) {
	var out []string
	for _, name := range given {
		if strings.Contains(name, "/") { // no short id has one
			id, err := adf.ParseFactoryID(name)
			if err != nil {
				return nil, usageErrorf("--factory: %w, or its short id", err)
			}
			i := slices.IndexFunc(listed, func(f listedFactory) bool { return f.FactoryID.Key() == id.Key() })
			if i < 0 {
				return nil, fmt.Errorf("the andon at %s has no factory %s; its /api/v1/factories lists those there are", b.base, id)
			}
			name = listed[i].Factory
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// take tells of the ordered ranges that have ended, and forgets them.
func (b *board) take(ctx context.Context, ordered map[string]rereadRow, done *collected) error {
	body, err := b.get(ctx, "/api/v1/collection", nil)
	if err != nil {
		return err
	}
	var list struct {
		Items []struct {
			Factory string
			Rereads []rereadRow
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("the answer of %s is not what collecting takes: %w", b.base, err)
	}
	for _, item := range list.Items {
		made, waits := ordered[item.Factory]
		if !waits {
			continue
		}
		i := slices.IndexFunc(item.Rereads, func(r rereadRow) bool { return r.OrderedAt == made.OrderedAt })
		switch {
		case i < 0:
			done.failed = append(done.failed, item.Factory+": the server forgot the range: it was started again, or many more were ordered since")
			delete(ordered, item.Factory)
		case item.Rereads[i].State == string(collector.RereadDone), item.Rereads[i].State == string(collector.RereadFailed):
			done.tell(item.Factory, item.Rereads[i])
			delete(ordered, item.Factory)
		}
	}
	return nil
}
