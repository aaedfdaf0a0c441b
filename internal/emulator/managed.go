package emulator

import (
	"crypto/subtle"
	"net/http"
)

// The identity endpoint of App Service (App Service, Managed identities, REST
// endpoint reference). It is plain http on the machine itself, so it lies on
// the control listener.
const (
	managedPath       = "/msi/token"
	managedAPIVersion = "2019-08-01"
)

// managedToken is GET /msi/token. The documents say how it answers a right
// request; that a wrong one gets these statuses and this envelope is not
// proven.
func (c *control) managedToken(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	refuse := func(status int, message string) {
		c.write(w, status, struct {
			Status      int    `json:"statusCode"`
			Message     string `json:"message"`
			Correlation string `json:"correlationId"`
		}{status, message, newGUID()})
	}
	header := r.Header.Get("X-Identity-Header")
	switch {
	case subtle.ConstantTimeCompare([]byte(header), []byte(c.azure.header)) == 0:
		refuse(http.StatusUnauthorized, "The X-IDENTITY-HEADER is missing or wrong; it has to be the value of IDENTITY_HEADER.")
		return
	case q.Get("api-version") != managedAPIVersion:
		refuse(http.StatusBadRequest, "The api-version '"+q.Get("api-version")+"' is not supported; allowed: "+managedAPIVersion+".")
		return
	case q.Get("resource") == "":
		refuse(http.StatusBadRequest, "The query parameter resource is missing; it is the audience of the token, such as https://management.azure.com.")
		return
	}
	got, err := c.azure.directory.Managed(q.Get("client_id"), q.Get("resource"))
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	c.write(w, http.StatusOK, got)
}
