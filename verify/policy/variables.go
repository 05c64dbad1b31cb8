package policy

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/carnet-project/carnet/attest/artifact"
	"github.com/carnet-project/carnet/attest/predicate"
	"github.com/carnet-project/carnet/attest/predicate/svr"
	"github.com/carnet-project/carnet/attest/predicate/vsa"
	"github.com/carnet-project/carnet/verify"
)

// An object is what rules see of a thing, by the names that package cel declares. What is
// not known is absent, so that reading it is an error and has() tells.
type object = map[string]any

// A value is what a variable may hold, and the evidence that says so.
type value struct {
	of       any
	evidence []*verify.Evidence
}

// variable is what a variable may hold, at least one value; or why there is none.
func (s *stage) variable(name string) ([]value, *absence) {
	switch name {
	case "image":
		return s.image()
	case "now":
		if s.c.At.IsZero() {
			return nil, &absence{status: StatusError, found: "no time to judge for, which the rule reads as now"}
		}
		return alone(s.c.At)
	case "match":
		return alone(s.captured)
	case "deploy":
		return s.deploy()
	case "signatures":
		return s.each("signatures", RequireSignature, s.signature)
	case "provenance":
		return s.built()
	case "sbom":
		return s.anyOf(name, RequireSBOM, func(e *verify.Evidence) (any, error) {
			return remember(s.c.Facts, e, "rule sbom", func() (object, error) { return s.sbomObject(e) })
		})
	case "vulnerabilities":
		return s.vulnerable()
	case "checks":
		return s.checked()
	case "approvals":
		return s.each(name, "approvals", s.approval)
	case "source":
		return s.reviewed()
	case "base":
		return s.bases()
	}
	return nil, &absence{status: StatusError, found: "the rule reads " + name + ", which nothing here knows"}
}

func alone(of any) ([]value, *absence) { return []value{{of: of}}, nil }

func unreadableEvidence(name string, err error) *absence {
	return &absence{status: StatusError, found: brief(name + " cannot be read: " + err.Error())}
}

// anyOf is a variable of which one piece of evidence is enough: each is a value.
func (s *stage) anyOf(name, rule string, read func(*verify.Evidence) (any, error)) ([]value, *absence) {
	evidence, absent := s.evidenceOf(name, rule)
	if absent != nil {
		return nil, absent
	}
	var all []value
	for _, e := range evidence {
		of, err := read(e)
		if err != nil {
			return nil, unreadableEvidence(name, err)
		}
		all = append(all, value{of, []*verify.Evidence{e}})
	}
	return all, nil
}

// built is provenance, one statement at a time. What nobody signed is in an index whose
// signature is the evidence, and no rule reads that.
func (s *stage) built() ([]value, *absence) {
	values, absent := s.anyOf("provenance", RequireProvenance, func(e *verify.Evidence) (any, error) {
		if predicate.ClassOf(e.PredicateType()) != predicate.Provenance {
			return nil, nil
		}
		p, err := remember(s.c.Facts, e, "rule provenance", func() (object, error) { return s.provenanceObject(e) })
		if err != nil {
			return nil, err
		}
		return []any{s.leveled(p, e)}, nil
	})
	values = slices.DeleteFunc(values, func(v value) bool { return v.of == nil })
	if absent == nil && len(values) == 0 {
		return nil, &absence{status: StatusMissing, found: "the provenance that counts lies unsigned in an index, and rules read signed provenance alone"}
	}
	return values, absent
}

// leveled is provenance with the level that it reached, where a section says.
func (s *stage) leveled(p object, e *verify.Evidence) object {
	for _, c := range s.section(RequireProvenance) {
		if level, known := c.levels[e]; known {
			p = maps.Clone(p) // other parts may accept it at another level
			p["level"] = int64(level)
		}
	}
	return p
}

// each is a variable that lists all of the evidence.
func (s *stage) each(name, rule string, read func(*verify.Evidence) object) ([]value, *absence) {
	evidence, absent := s.evidenceOf(name, rule)
	if absent != nil {
		return nil, absent
	}
	list := []any{}
	for _, e := range evidence {
		list = append(list, read(e))
	}
	return []value{{list, evidence}}, nil
}

// image is the root's name and digest, and the node's configuration.
func (s *stage) image() ([]value, *absence) {
	registry, repository, found := strings.Cut(s.name, "/")
	o := object{"digest": s.c.Artifact.Digest.String()}
	if found {
		o["registry"], o["repository"] = registry, repository
	}
	set(o, "tag", s.c.Tag)
	set(o, "platform", s.node.Platform)
	names := []string{}
	for _, n := range s.c.Artifact.Runnable() {
		if n.Platform != "" {
			names = append(names, n.Platform)
		}
	}
	o["platforms"] = names
	if !readsConfig(s.program) {
		return alone(o)
	}
	if s.node.Kind != artifact.KindImage {
		return nil, &absence{status: StatusError, found: "the artifact is no image, whose configuration the rule reads"}
	}
	config, problem := s.config(s.node)
	if problem != nil {
		return nil, &absence{status: StatusError, found: "the image's configuration, which the rule reads: " + problem.Found}
	}
	o["labels"], o["annotations"] = orEmpty(config.Labels), orEmpty(config.Annotations)
	setTime(o, "created", config.Created)
	return alone(o)
}

func (s *stage) deploy() ([]value, *absence) {
	d := s.c.Deploy
	if d == (Deploy{}) {
		return nil, &absence{status: StatusMissing, found: "nothing is known of where it is to run, which the rule reads as deploy"}
	}
	return alone(object{"cluster": d.Cluster, "namespace": d.Namespace, "serviceAccount": d.ServiceAccount, "environment": d.Environment})
}

// identityOf is the first of the document's identities that made e, or "".
func (s *stage) identityOf(e *verify.Evidence) string {
	for _, i := range s.doc.Identities {
		if name, err := s.signer(e, []string{i.Name}); err == nil {
			return name
		}
	}
	return ""
}

func (s *stage) signature(e *verify.Evidence) object {
	o := object{"logged": len(e.Logs()) > 0, "claims": map[string]string{}}
	set(o, "identity", s.identityOf(e))
	setTime(o, "signedAt", e.SignedAt())
	by := e.By()
	if !by.Key.IsZero() {
		o["key"] = by.Key.String()
	}
	if c := by.Certificate; c != nil {
		claims := map[string]string{}
		for name, claim := range c.Claims {
			claims[string(name)] = claim
		}
		o["subject"], o["issuer"], o["claims"] = c.Subject, c.Issuer, claims
	}
	return o
}

func (s *stage) approval(e *verify.Evidence) object {
	o := object{"properties": []string{}}
	set(o, "by", e.By().String())
	setTime(o, "signedAt", e.SignedAt())
	for _, c := range s.section("approvals") {
		if containsEvidence(c.Evidence, e) {
			o["name"] = c.Requirement.name
		}
	}
	if r, err := svr.Parse(e.PredicateType(), e.Predicate()); err == nil {
		o["properties"] = r.Properties
	}
	return o
}

// checked are the checks, each with how it ended here.
func (s *stage) checked() ([]value, *absence) {
	list, evidence := []any{}, []*verify.Evidence{}
	for _, c := range s.section("checks") {
		for _, e := range c.Evidence {
			o := object{"name": c.Requirement.name, "type": e.PredicateType(), "result": "PASSED", "by": e.By().String()}
			for _, f := range c.Findings {
				if f.Evidence == e.Bundle() && !f.Status.Allows() {
					o["result"] = "FAILED"
				}
			}
			setTime(o, "signedAt", e.SignedAt())
			if raw, err := tree(e); err == nil {
				o["raw"] = raw
			}
			list, evidence = append(list, o), append(evidence, e)
		}
	}
	if len(list) == 0 {
		return nil, s.none("checks", "checks")
	}
	return []value{{list, evidence}}, nil
}

// reviewed is what summaries say of the source.
func (s *stage) reviewed() ([]value, *absence) {
	return s.anyOf("source", "source", func(e *verify.Evidence) (any, error) {
		levels, properties := []string{}, []string{}
		summary, err := vsa.Parse(e.PredicateType(), e.Predicate())
		if err != nil {
			return nil, err
		}
		for _, level := range summary.Levels {
			if _, _, ok := vsa.Track(level); ok {
				levels = append(levels, level)
			} else {
				properties = append(properties, level)
			}
		}
		return object{"levels": levels, "properties": properties}, nil
	})
}

// bases are the base images that were found and judged.
func (s *stage) bases() ([]value, *absence) {
	var evidence []*verify.Evidence
	cells := s.section("base")
	for _, c := range cells {
		evidence = append(evidence, c.Evidence...)
	}
	if len(cells) == 0 {
		return nil, s.none("base", "base")
	}
	list := []any{}
	for digest, base := range s.c.Bases {
		o := object{"digest": digest.String()}
		set(o, "name", base.Name)
		if config, ok := base.Case.Images[digest]; ok {
			o["labels"] = orEmpty(config.Labels)
			setTime(o, "created", config.Created)
		}
		list = append(list, o)
	}
	if len(list) == 0 {
		return nil, &absence{status: StatusMissing, found: "no base image was found, which the rule reads as base"}
	}
	sortObjects(list, "digest")
	return []value{{list, evidence}}, nil
}

func (s *stage) provenanceObject(e *verify.Evidence) (object, error) {
	v, err := s.view(e)
	if err != nil {
		return nil, err
	}
	raw, err := tree(e)
	if err != nil {
		return nil, err
	}
	source, builder, materials := object{}, object{}, []any{}
	set(source, "repository", v.Repository)
	set(source, "ref", v.Ref)
	set(source, "commit", v.Commit)
	set(builder, "id", v.BuilderID)
	for _, m := range v.Materials {
		o := object{"digest": orEmpty(m.Digest)}
		set(o, "uri", m.URI)
		set(o, "name", m.Name)
		materials = append(materials, o)
	}
	o := object{"builder": builder, "buildType": v.BuildType, "source": source, "parameters": v.Parameters, "materials": materials, "raw": raw}
	if v.Parameters == nil {
		o["parameters"] = map[string]any{}
	}
	set(o, "invocation", v.InvocationID)
	setTime(o, "startedOn", v.StartedOn)
	setTime(o, "finishedOn", v.FinishedOn)
	return o, nil
}

func (s *stage) sbomObject(e *verify.Evidence) (object, error) {
	d, err := s.document(e)
	if err != nil {
		return nil, err
	}
	packages, tools := make([]any, 0, len(d.Packages)), []string{}
	for _, p := range d.Packages {
		hashes := map[string]string{}
		for _, h := range p.Hashes {
			hashes[h.Algorithm] = h.Value
		}
		// Many documents list themselves or files without a version and a package URL, which
		// is no reason to stop at them.
		packages = append(packages, object{"name": p.Name, "version": p.Version, "purl": p.PURL, "licenses": append([]string{}, p.Licenses...), "hashes": hashes})
	}
	for _, t := range d.Tools {
		tools = append(tools, strings.TrimSpace(t.Name+" "+t.Version))
	}
	return object{"format": string(d.Format) + " " + d.SpecVersion, "packages": packages, "generatedBy": tools}, nil
}

// tree is the predicate as JSON has it.
func tree(e *verify.Evidence) (any, error) {
	var raw any
	err := json.Unmarshal(e.Predicate(), &raw)
	return raw, err
}

func set(o object, name, text string) {
	if text != "" {
		o[name] = text
	}
}

func setTime(o object, name string, t time.Time) {
	if !t.IsZero() {
		o[name] = t
	}
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
