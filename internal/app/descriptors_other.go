//go:build !unix

package app

// descriptorLimit is as many as are needed: the system has no such limit.
func descriptorLimit() int { return 2 * mostConnections }
