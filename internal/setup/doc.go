// Package setup writes what gives Andon its identity and its rights: for the
// Azure CLI, for Bicep, for Terraform, or the role alone. It asks Azure
// nothing. The templates lie beside it, so that they read as what they become.
package setup
