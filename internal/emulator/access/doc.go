// Package access is the role-based access control of the emulated Resource
// Manager: roles as lists of actions with wildcards, assignments of them to
// principals at scopes, and the one question whether a principal may do
// something somewhere (azure.md §5).
package access
