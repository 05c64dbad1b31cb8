package produce

import (
	"context"

	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

// fetchSVID asks the SPIFFE workload API for a JWT-SVID.
func fetchSVID(ctx context.Context, address, audience string) (string, error) {
	svid, err := workloadapi.FetchJWTSVID(ctx, jwtsvid.Params{Audience: audience}, workloadapi.WithAddr(address))
	if err != nil {
		return "", err
	}
	return svid.Marshal(), nil
}
