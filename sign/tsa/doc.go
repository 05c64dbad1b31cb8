// Package tsa has signatures timestamped by RFC 3161 authorities.
package tsa
