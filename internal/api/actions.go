package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"andon/internal/store"
)

// maxBody bounds what a request may send.
const maxBody = 64 << 10

// checkWait is how long a request waits for the end of a check.
const checkWait = 20 * time.Second

// SourceParams name one source.
type SourceParams struct {
	Source string `path:"source" doc:"Name of the source."`
}

// RereadOrder is the range to be read once more.
type RereadOrder struct {
	From string `json:"from" format:"date-time" doc:"Where it begins, in lastUpdated. Azure keeps 45 days; what lies before is left out."`
	To   string `json:"to" format:"date-time" doc:"Where it ends."`
}

func (a *board) registerActions() {
	register(a, huma.Operation{
		OperationID: "get-source-check", Path: "/api/v1/sources/{source}/check", Tags: []string{"factories"},
		Summary: "Get what the last check of a source found",
	}, func(ctx context.Context, in *SourceParams) (SourceCheck, error) { return a.checkSource(ctx, in, false) })
	register(a, huma.Operation{
		OperationID: "check-source", Method: http.MethodPost, Path: "/api/v1/sources/{source}/check", Tags: []string{"factories"},
		Summary: "Try every link from a source's settings to Azure's answers",
		Description: "Begins a check, unless one is under way, and answers when it has ended or after 20 seconds; while state is running, ask again. " +
			"It is held to the budget and to what Azure asked to wait for, like everything that is asked. After a check that found nothing broken, factories that rest are asked at once, and for 10 seconds its report is the answer. " +
			"After one that found something broken the next begins 10 seconds later, or 1 second where it got to no factory, and is waited for.",
	}, func(ctx context.Context, in *SourceParams) (SourceCheck, error) { return a.checkSource(ctx, in, true) })
	register(a, huma.Operation{
		OperationID: "reread-factory", Method: http.MethodPost, Path: "/api/v1/factories/{factory}/rereads", Tags: []string{"factories"},
		Summary:       "Have a range of a factory's history read once more",
		Description:   "Answers at once. What became of it stands in /api/v1/collection.",
		DefaultStatus: http.StatusAccepted,
	}, a.reread)
	describeBody[RereadOrder](a, "/api/v1/factories/{factory}/rereads")
}

func (a *board) checkSource(ctx context.Context, in *SourceParams, begin bool) (SourceCheck, error) {
	if a.collecting == nil {
		return SourceCheck{}, newProblem(http.StatusConflict, titleNotCollected, reasonNotCollecting)
	}
	if !a.collecting.Facts(in.Source).Known {
		return SourceCheck{}, newProblem(http.StatusNotFound, "Not found",
			fmt.Sprintf("This server collects with no source %q. /api/v1/factories lists the sources.", clip(in.Source)))
	}
	ctx, cancel := context.WithTimeout(ctx, checkWait)
	defer cancel()
	return a.collecting.Check(ctx, in.Source, begin), nil
}

func (a *board) reread(ctx context.Context, in *FactoryParams) (Reread, error) {
	order, err := decodeBody[RereadOrder](ctx)
	if err != nil {
		return Reread{}, err
	}
	r := reader{place: "body"}
	w := store.Window{From: r.required("from", order.From), To: r.required("to", order.To)}
	if len(r.problems) == 0 && w.From >= w.To {
		r.refuse("from", order.From, "from is not before to.", "a time before to, which is "+w.To.String())
	}
	if err := r.err(); err != nil {
		return Reread{}, err
	}
	if _, err := a.getFactory(ctx, in); err != nil {
		return Reread{}, err
	}
	if a.collecting == nil {
		return Reread{}, newProblem(http.StatusConflict, titleNotCollected, reasonNotCollecting)
	}
	made, err := a.collecting.Order(in.Factory, w)
	if err != nil {
		return Reread{}, newProblem(http.StatusConflict, "The range can't be read", sentence(err.Error()))
	}
	return made, nil
}

const titleNotCollected = "Nobody collects"

// describeBody puts a body that decodeBody reads into the document, after the
// operation was registered: else huma reads it too, and refuses it in words of
// its own.
func describeBody[T any](a *board, path string) {
	document := a.document.OpenAPI()
	schema := document.Components.Schemas.Schema(reflect.TypeFor[T](), true, "")
	document.Paths[path].Post.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

type bodyKey struct{}

// decodeBody reads the body of the request of ctx, which has to be one JSON
// object with known members only.
func decodeBody[T any](ctx context.Context) (T, error) {
	var out T
	raw, _ := ctx.Value(bodyKey{}).([]byte)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(&out)
	if errors.Is(err, io.EOF) {
		err = errors.New("it is empty")
	}
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return out, nil
		}
		err = errors.New("more follows after the first value")
	}
	p := newProblem(http.StatusBadRequest, "The body can't be read",
		sentence("the body is not what is expected: "+strings.TrimPrefix(err.Error(), "json: ")))
	p.Errors = []ProblemField{{Location: "body", Message: "allowed: a JSON object with " + strings.Join(members(reflect.TypeFor[T]()), ", ")}}
	return out, p
}

// members are the names of a type's members in JSON.
func members(t reflect.Type) []string {
	var names []string
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
