package attest

import (
	"bytes"
	"io"
	"strconv"
)

// PAE is the message that a DSSE signature covers: the payload and its type in
// DSSE's Pre-Authentication Encoding (DSSE v1.0.2, protocol.md, "Signature
// Definition"). It is a reader, so that a large payload is never copied.
func PAE(payloadType string, payload []byte) io.Reader {
	var head bytes.Buffer
	head.WriteString("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " ")
	return io.MultiReader(&head, bytes.NewReader(payload))
}
