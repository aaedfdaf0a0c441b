// Package config holds the settings of andon serve: one struct, loaded from
// flags, environment, file and defaults in that order of precedence, and
// validated before anything starts. An error names the setting, where its
// value came from and what is allowed. It imports adf, for factory ids.
package config
