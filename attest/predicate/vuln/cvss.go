package vuln

import (
	"math"
	"strconv"
	"strings"
)

// Rated gives the gravest severity of several scores as scanners and feeds write them: words, numbers from 0 to
// 10 as CVSS 3 and 4 have them, and vectors of CVSS 2 and 3. A vector of CVSS 4 says nothing.
func Rated(scores ...string) Severity {
	worst := Unknown
	for _, score := range scores {
		worst = Worse(worst, scored(score))
	}
	return worst
}

// scored gives the severity of one score.
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
	if base, ok := cvss2(score); ok {
		return bands2(base)
	}
	return Unknown
}

// bands2 are NVD's ratings of CVSS 2, which knows no critical.
func bands2(score float64) Severity {
	if s := bands(score); s != Critical {
		return s
	}
	return High
}

// cvss2 is the base score of a vector of CVSS 2 (A Complete Guide to CVSS 2.0, section 3.2.1), which may have the
// prefix or the parentheses that feeds give it.
func cvss2(vector string) (float64, bool) {
	vector = strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(vector, "CVSS:2.0/"), "("), ")")
	impact := map[string]float64{"N": 0, "P": 0.275, "C": 0.66}
	w, ok := weigh(vector, map[string]map[string]float64{
		"AV": {"L": 0.395, "A": 0.646, "N": 1}, "AC": {"H": 0.35, "M": 0.61, "L": 0.71}, "Au": {"M": 0.45, "S": 0.56, "N": 0.704},
		"C": impact, "I": impact, "A": impact,
	})
	if !ok || strings.HasPrefix(vector, "CVSS:") {
		return 0, false
	}
	harm := 10.41 * (1 - (1-w["C"])*(1-w["I"])*(1-w["A"]))
	if harm == 0 {
		return 0, true
	}
	return math.Round((0.6*harm+0.4*20*w["AV"]*w["AC"]*w["Au"]-1.5)*1.176*10) / 10, true
}

// weigh reads the metrics of a vector, each of which has to have one of the weights.
func weigh(vector string, weights map[string]map[string]float64) (map[string]float64, bool) {
	metrics := metricsOf(vector)
	w := map[string]float64{}
	for name, values := range weights {
		weight, known := values[metrics[name]]
		if !known {
			return nil, false
		}
		w[name] = weight
	}
	return w, true
}

func metricsOf(vector string) map[string]string {
	metrics := map[string]string{}
	for part := range strings.SplitSeq(vector, "/") {
		if name, value, found := strings.Cut(part, ":"); found {
			metrics[name] = value
		}
	}
	return metrics
}

// cvss3 is the base score of a vector of CVSS 3.0 or 3.1 (CVSS 3.1, section 7.1). Both versions score the
// same but for rounding, which moves none of the bands.
func cvss3(vector string) (float64, bool) {
	rest, found := strings.CutPrefix(vector, "CVSS:3.")
	if !found {
		return 0, false
	}
	changed := metricsOf(rest)["S"] == "C"
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
	w, ok := weigh(rest, weights)
	if !ok {
		return 0, false
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
