package vuln

import (
	"math"
	"strconv"
	"strings"
)

// scored gives the severity of a score as scanners write it: a word, a number from 0 to 10, or a vector of
// CVSS 3. A vector of another version is Unknown.
func scored(score string) Severity {
	if s := severityOf(score); s != Unknown {
		return s
	}
	if n, err := strconv.ParseFloat(score, 64); err == nil {
		return bands(n)
	}
	if base, ok := cvss3(score); ok {
		return bands(base)
	}
	return Unknown
}

// cvss3 is the base score of a vector of CVSS 3.0 or 3.1 (CVSS 3.1, section 7.1). Both versions score the
// same but for rounding, which moves none of the bands.
func cvss3(vector string) (float64, bool) {
	rest, found := strings.CutPrefix(vector, "CVSS:3.")
	if !found {
		return 0, false
	}
	metrics := map[string]string{}
	for part := range strings.SplitSeq(rest, "/") {
		if name, value, found := strings.Cut(part, ":"); found {
			metrics[name] = value
		}
	}
	changed := metrics["S"] == "C"
	weights := map[string]map[string]float64{
		"AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
		"AC": {"L": 0.77, "H": 0.44},
		"PR": {"N": 0.85, "L": 0.62, "H": 0.27},
		"UI": {"N": 0.85, "R": 0.62},
		"S":  {"U": 0, "C": 0},
		"C":  {"H": 0.56, "L": 0.22, "N": 0}, "I": {"H": 0.56, "L": 0.22, "N": 0}, "A": {"H": 0.56, "L": 0.22, "N": 0},
	}
	if changed {
		weights["PR"] = map[string]float64{"N": 0.85, "L": 0.68, "H": 0.5}
	}
	w := map[string]float64{}
	for name, values := range weights {
		weight, known := values[metrics[name]]
		if !known {
			return 0, false
		}
		w[name] = weight
	}
	iss := 1 - (1-w["C"])*(1-w["I"])*(1-w["A"])
	impact := 6.42 * iss
	if changed {
		impact = 7.52*(iss-0.029) - 3.25*math.Pow(iss-0.02, 15)
	}
	if impact <= 0 {
		return 0, true
	}
	base := impact + 8.22*w["AV"]*w["AC"]*w["PR"]*w["UI"]
	if changed {
		base *= 1.08
	}
	return math.Ceil(math.Round(math.Min(base, 10)*100000)/10000) / 10, true
}
