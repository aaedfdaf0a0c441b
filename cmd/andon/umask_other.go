//go:build !unix

package main

// restrictFiles does nothing: files take the permissions of their directory.
func restrictFiles() {}
