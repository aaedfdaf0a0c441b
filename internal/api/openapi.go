package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// documentVersion is the version of the API's document. Raise the third
// number for changed words, the second for anything added; what exists under
// /api/v1 is neither taken away nor changed in meaning.
const documentVersion = "2.0.0"

// queryTimeout bounds how long one request may work.
const queryTimeout = 30 * time.Second

// newDocument makes the operations' registry on mux. huma reads the
// parameters and describes the types; checking is done here.
func newDocument(mux *http.ServeMux) huma.API {
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	schemas.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[Problem]())
	document := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Andon",
				Version: documentVersion,
				Description: "Pipeline runs of Azure Data Factory: every factory, with history that outlives ADF's own.\n\n" +
					"Field names are ADF's where ADF has one. Times are RFC 3339 in UTC. null means unknown or absent, and every field is always there. " +
					"Parameters that are marked as lists are repeated: status=Failed&status=Cancelled. " +
					"Where POST is answered, it takes JSON (Content-Type: application/json), and nothing of it is written to Azure.",
			},
			Components: &huma.Components{Schemas: schemas},
			Tags: []*huma.Tag{
				{Name: "overview", Description: "The board at a glance."},
				{Name: "runs", Description: "Pipeline runs and their activities."},
				{Name: "factories", Description: "Factories, sources, freshness and coverage."},
				{Name: "live", Description: "Changes as they happen."},
				{Name: "server", Description: "The server itself."},
			},
		},
		Formats: map[string]huma.Format{
			"application/json": {Marshal: marshal},
			"json":             {Marshal: marshal}, // of application/problem+json
		},
		DefaultFormat: "application/json",
	})
	document.UseMiddleware(checkQuery)
	return document
}

// marshal leaves <, > and & as they are: nothing here is put into HTML.
func marshal(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// answer is what huma wants to see around a body.
type answer[T any] struct{ Body T }

// register adds an operation. Its handler knows nothing of HTTP: it returns a
// body, or an error that problemOf understands.
func register[I, O any](a *board, op huma.Operation, handle func(context.Context, *I) (O, error)) {
	a.describe(&op)
	huma.Register(a.document, op, func(ctx context.Context, in *I) (*answer[O], error) {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		body, err := handle(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return &answer[O]{Body: body}, nil
	})
}

// describe fills in what all operations have in common.
func (a *board) describe(op *huma.Operation) {
	op.Method = cmp.Or(op.Method, http.MethodGet)
	op.SkipValidateParams = true
	problem := a.document.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	op.Responses["default"] = &huma.Response{
		Description: "Any other answer is a problem document (RFC 9457).",
		Content:     map[string]*huma.MediaType{problemType: {Schema: problem}},
	}
}

// openAPI returns the document as indented JSON.
func (a *board) openAPI() ([]byte, error) {
	compact, err := json.Marshal(a.document.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("indent the OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
