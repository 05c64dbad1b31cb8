// Package web answers requests as the services of Sigstore do.
package web

import (
	"encoding/json"
	"net/http"
)

// Fail answers with an error as grpc-gateway spells it.
func Fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"code": code(status), "message": message, "details": []any{}})
}

// code is the gRPC code of an HTTP status (google.golang.org/grpc/codes).
func code(status int) int {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return 3 // invalid argument
	case http.StatusConflict:
		return 6 // already exists
	case http.StatusUnauthorized:
		return 16 // unauthenticated
	}
	return 13 // internal
}

// JSON answers with a value.
func JSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value)
}
