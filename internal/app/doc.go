// Package app is the only place that wires the rooms together: from a
// validated configuration it makes the clients, the store, the collector and
// the HTTP server, starts them in order and stops them in reverse. It touches
// neither flags, signals nor the environment, so tests can run the whole
// program inside their own process. Nobody but cmd/andon imports it.
package app
