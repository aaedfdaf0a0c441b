package doctor

import (
	"fmt"
	"time"

	"andon/internal/azure"
)

// expiryWarning is how long before its end a credential is warned of.
const expiryWarning = 30 * 24 * time.Hour

// Expiry is when what a source proves itself with ends.
type Expiry struct {
	At time.Time // zero when nobody knows
	// What says so, half a sentence; Advice and Command say what to do. All are
	// "" until 30 days before.
	What, Advice, Command string
}

// ExpiryOf returns when the certificate or the secret of a source ends, of two
// the sooner one. secretExpires is what the configuration says: nobody can ask
// Entra ID. It is zero when it says nothing.
func ExpiryOf(c *azure.Client, secretExpires, now time.Time) Expiry {
	what, at := "the certificate", c.CertificateExpires()
	if at.IsZero() || !secretExpires.IsZero() && secretExpires.Before(at) {
		what, at = "the client secret, by secretExpires,", secretExpires
	}
	e := Expiry{At: at}
	day := at.UTC().Format(time.DateOnly)
	switch left := at.Sub(now); {
	case at.IsZero() || left > expiryWarning:
		return e
	case left <= 0:
		e.What, e.Advice = what+" has expired on "+day, "make a new one, as the commands do, and give it to Andon"
	default:
		e.What = fmt.Sprintf("%s expires on %s, in %s", what, day, days(left))
		e.Advice = "make a new one before then, as the commands do, and give it to Andon"
	}
	e.Command = c.RenewCommand()
	if e.Command == "" {
		e.Advice = "give Andon a new one; andon setup shows how to make one"
	}
	return e
}

func days(d time.Duration) string { return count(int(d/(24*time.Hour)), "day", "days") }
