package cel

import (
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// Types declares the variables of rules and the fields of the objects in them, by the names
// that rules use. The object "carnet" holds the variables. A field may be absent from what a rule is
// evaluated with; reading it then is an error, and has() tells.
func Types() map[string]map[string]*cel.Type {
	text, texts := cel.StringType, cel.ListType(cel.StringType)
	words, anything := cel.MapType(cel.StringType, cel.StringType), cel.MapType(cel.StringType, cel.DynType)
	return map[string]map[string]*cel.Type{
		"carnet": {
			"image": object("image"), "signatures": list("signature"), "provenance": list("provenance"), "sbom": object("sbom"),
			"vulnerabilities": list("vulnerability"), "checks": list("check"), "approvals": list("approval"), "source": object("source"),
			"base": list("base"), "deploy": object("deploy"), "match": words, "now": cel.TimestampType,
		},
		"image": {
			"registry": text, "repository": text, "tag": text, "digest": text, "platform": text, "platforms": texts,
			"labels": words, "annotations": words, "created": cel.TimestampType,
		},
		"signature": {
			"identity": text, "subject": text, "issuer": text, "key": text, "signedAt": cel.TimestampType, "logged": cel.BoolType,
			"claims": words,
		},
		"provenance": {
			"builder": object("builder"), "buildType": text, "source": object("provenanceSource"), "parameters": anything, "invocation": text,
			"startedOn": cel.TimestampType, "finishedOn": cel.TimestampType, "materials": list("material"), "level": cel.IntType, "raw": cel.DynType,
		},
		"builder":          {"id": text},
		"provenanceSource": {"repository": text, "ref": text, "commit": text},
		"material":         {"uri": text, "name": text, "digest": words},
		"sbom":             {"format": text, "packages": list("package"), "generatedBy": texts},
		"package":          {"name": text, "version": text, "purl": text, "licenses": texts, "hashes": words},
		"vulnerability": {
			"id": text, "severity": text, "epss": cel.DoubleType, "exploited": cel.BoolType, "package": text,
			"fixedIn": text, "vex": text, "scanner": text,
		},
		"check":    {"name": text, "type": text, "result": text, "signedAt": cel.TimestampType, "by": text, "raw": cel.DynType},
		"approval": {"name": text, "by": text, "signedAt": cel.TimestampType, "properties": texts},
		"source":   {"levels": texts, "properties": texts},
		"base":     {"name": text, "digest": text, "created": cel.TimestampType, "labels": words},
		"deploy":   {"cluster": text, "namespace": text, "serviceAccount": text, "environment": text},
	}
}

// prefix keeps the names of objects apart from CEL's own types.
const prefix = "carnet."

func object(name string) *cel.Type { return cel.ObjectType(prefix + name) }

func list(name string) *cel.Type { return cel.ListType(object(name)) }

// A provider tells the checker what fields objects have. What it cannot do is make one: the
// objects are Go maps, which is what is fastest to build and to read.
type provider struct {
	types.Provider
	objects map[string]map[string]*cel.Type
}

func (p provider) FindStructType(name string) (*types.Type, bool) {
	if short, ours := strings.CutPrefix(name, prefix); ours && p.objects[short] != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if short, ours := strings.CutPrefix(name, prefix); ours && p.objects[short] != nil {
		return slices.Sorted(maps.Keys(p.objects[short])), true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if short, ours := strings.CutPrefix(name, prefix); ours && p.objects[short] != nil {
		t, found := p.objects[short][field]
		return &types.FieldType{Type: t}, found
	}
	return p.Provider.FindStructFieldType(name, field)
}

// NewValue refuses to make our objects: a rule reads what there is.
func (p provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if strings.HasPrefix(name, prefix) {
		return types.NewErr("a rule cannot make a %s", name)
	}
	return p.Provider.NewValue(name, fields)
}
