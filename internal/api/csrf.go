package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// csrfGuard keeps the pages of other sites from using Andon through the
// browser of a person who can reach it.
//
// GET and HEAD of /api/ and /metrics are refused when the browser says that
// another site's page asks, unless a person opens the address. Example: an
// <img> on evil.example that names /api/v1/runs?… is refused, because it makes
// the store work; a link to the same address in a chat is answered.
//
// Any other request must match a registered operation, come from this origin
// or from a non-browser client, and carry application/json, which a form can't.
func csrfGuard(mux *http.ServeMux, next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			if readsData(r.URL.Path) && fromOtherSite(r.Header) {
				otherSite("Only Andon's own pages, and programs that are no browsers, may read the API and the metrics. Open the address in a tab of its own to see the answer.").write(w)
				return
			}
			r.Body = http.NoBody
			next.ServeHTTP(w, r)
			return
		}
		methods := methodsOf(mux, r)
		media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		switch {
		case len(methods) == 0:
			noSuchPath(w, r)
		case !slices.Contains(methods, r.Method):
			w.Header().Set("Allow", strings.Join(methods, ", "))
			newProblem(http.StatusMethodNotAllowed, "Another method is needed", "Andon answers "+strings.Join(methods, " and ")+" here.").write(w)
		case origins.Check(r) != nil:
			otherSite("Only Andon's own pages, and programs that are no browsers, may send it.").write(w)
		case !strings.EqualFold(strings.TrimSpace(media), "application/json"):
			newProblem(http.StatusUnsupportedMediaType, "Not JSON", "Send the header Content-Type: application/json, with an empty body where none is described.").write(w)
		default:
			body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
			if err != nil {
				newProblem(http.StatusRequestEntityTooLarge, "The body can't be read", fmt.Sprintf("The body breaks off or is longer than %d bytes.", maxBody)).write(w)
				return
			}
			r.Body = http.NoBody
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), bodyKey{}, body)))
		}
	})
}

func otherSite(allowed string) *Problem {
	return newProblem(http.StatusForbidden, "Another page's request", "The request comes from a page of another origin. "+allowed)
}

// readsData reports whether a GET of the path reads the store. Pages and their
// assets do not, and other sites may link to and embed them.
func readsData(path string) bool {
	return strings.HasPrefix(path, apiRoot) || path == metricsPath
}

// fromOtherSite reports whether a browser sent the request for a page of
// another origin. Clients that are no browsers send none of these headers.
// https://www.w3.org/TR/fetch-metadata/ defines them.
func fromOtherSite(h http.Header) bool {
	site := h.Get("Sec-Fetch-Site")
	if site == "" || site == "same-origin" || site == "none" {
		return false
	}
	// A person who follows a link sees a whole document. Frames and prefetches
	// are navigations too, but the other page makes them, as many as it likes.
	return h.Get("Sec-Fetch-Mode") != "navigate" || h.Get("Sec-Fetch-Dest") != "document" || h.Get("Sec-Purpose") != ""
}

// methodsOf returns the methods that something at the path of r answers, none
// where nothing is.
func methodsOf(mux *http.ServeMux, r *http.Request) (methods []string) {
	at := func(method string) string {
		asked := *r
		asked.Method = method
		_, pattern := mux.Handler(&asked)
		return pattern
	}
	if at(http.MethodGet) != apiRoot { // the pages' is for reading too
		methods = append(methods, http.MethodGet, http.MethodHead)
	}
	if strings.HasPrefix(at(http.MethodPost), http.MethodPost+" ") {
		methods = append(methods, http.MethodPost)
	}
	return methods
}
