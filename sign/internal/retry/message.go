package retry

import "encoding/json"

// message is what an error's body says. The servers of Sigstore answer with JSON that
// has a message (google.rpc.Status, and Rekor v1's Error); proxies before them do not.
func message(body []byte) string {
	var said struct {
		Message string `json:"message"`
	}
	if err := json.Unmarshal(body, &said); err == nil && said.Message != "" {
		return oneLine(said.Message)
	}
	return oneLine(string(body))
}
