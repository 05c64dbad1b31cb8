package produce

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/carnet-project/carnet/attest"
)

// A service stands where the network would be: what does not answer takes time, and only
// a clock of the test's own has that.
type service func(r *http.Request) (*http.Response, error)

func (s service) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// hangs takes requests and says nothing.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func answers(status int) service {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(strings.NewReader("no"))}, nil
	}
}

// breaks off in the middle of its answer, which never comes to an end.
func breaks(r *http.Request) (*http.Response, error) {
	reader, writer := io.Pipe()
	context.AfterFunc(r.Context(), func() { writer.CloseWithError(r.Context().Err()) })
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: reader}, nil
}

const tsaURL = "http://127.0.0.1:1/tsa"

// counted is a service of which every request is counted.
func counted(o *outages, s service) (asked *int) {
	var mu sync.Mutex
	asked = new(int)
	o.at(tsaURL).base = service(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		*asked++
		mu.Unlock()
		return s(r)
	})
	return asked
}

func signature(t *testing.T) *attest.Bundle {
	t.Helper()
	b, err := attest.NewMessageBundle(attest.Signature{Bytes: []byte{1}, Message: attest.SHA256(nil), Certificates: certifiedBundle(t, time.Now()).Certificates()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOneTimeForAll has a hundred signatures timestamped, at most eight at once and some
// later than others: whatever is the matter with the authority, all of it ends as soon as
// one of them alone would.
func TestOneTimeForAll(t *testing.T) {
	for name, s := range map[string]service{"hangs": hangs, "breaks": breaks, "unavailable": answers(503), "busy": answers(429)} {
		for _, retryFor := range []time.Duration{0, time.Second, 5 * time.Minute} {
			t.Run(name+" "+retryFor.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := &outages{retryFor: retryFor}
					counted(o, s)
					b, began := signature(t), time.Now()
					slots := make(chan struct{}, atOnce)
					var group sync.WaitGroup
					for i := range 100 {
						group.Go(func() {
							time.Sleep(time.Duration(i) * 700 * time.Millisecond) // what comes before takes its time
							slots <- struct{}{}
							defer func() { <-slots }()
							w := place{Kind: placeTimestamp, URL: tsaURL}.witness(o)
							if _, err := w.Witness(t.Context(), b); err == nil {
								t.Error("there is a timestamp")
							}
						})
					}
					group.Wait()
					most := max(retryFor+attempt+leastAttempt, 70*time.Second)
					if took := time.Since(began); took > most {
						t.Errorf("took %v, want at most %v", took, most)
					}
				})
			})
		}
	}
}

// TestGivenUp walks through an outage and its end.
func TestGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outages{retryFor: time.Minute}
		b := signature(t)
		w := place{Kind: placeTimestamp, URL: tsaURL}.witness(o)
		asked := counted(o, answers(503))
		began := time.Now()
		if _, err := w.Witness(t.Context(), b); err == nil || time.Since(began) < time.Minute {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		before := *asked
		began = time.Now()
		_, err := w.Witness(t.Context(), b)
		if !errors.Is(err, errGivenUp) || !strings.Contains(err.Error(), "Service Unavailable") || *asked != before || time.Since(began) != 0 {
			t.Errorf("asked again %d times in %v: %v", *asked-before, time.Since(began), err)
		}
		if other := (place{Kind: placeTimestamp, URL: tsaURL + "2"}).witness(o); placeOf(other).URL != tsaURL+"2" {
			t.Error("the place of a witness is lost")
		} else if o.at(tsaURL+"2").cause != nil {
			t.Error("another service was given up, too")
		}
	})
}

// TestAnswerTakesItBack has one request under way while another gives up.
func TestAnswerTakesItBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outages{}
		late := make(chan struct{})
		first := true
		asked := counted(o, func(r *http.Request) (*http.Response, error) {
			if first {
				first = false
				<-late
				return answers(400)(r) // a refusal is an answer
			}
			return answers(503)(r)
		})
		b := signature(t)
		ask := func() error {
			_, err := place{Kind: placeTimestamp, URL: tsaURL}.witness(o).Witness(t.Context(), b)
			return err
		}
		go ask()
		synctest.Wait()
		_ = ask()
		if err := ask(); !errors.Is(err, errGivenUp) || *asked != 2 {
			t.Fatalf("asked %d times: %v", *asked, err)
		}
		close(late)
		synctest.Wait()
		if err := ask(); errors.Is(err, errGivenUp) || *asked != 3 {
			t.Errorf("asked %d times: %v", *asked, err)
		}
	})
}

// TestWhoGoesGivesNothingUp cancels a request: that is no fault of the service.
func TestWhoGoesGivesNothingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outages{}
		counted(o, hangs)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		w := place{Kind: placeTimestamp, URL: tsaURL}.witness(o)
		if _, err := w.Witness(ctx, signature(t)); err == nil || o.at(tsaURL).cause != nil {
			t.Errorf("%v, given up because of %v", err, o.at(tsaURL).cause)
		}
	})
}
