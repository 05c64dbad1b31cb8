package sbom

// A graph is which things of a document refer to which, by the ids that the document gives them.
// Relations among files are most of a large document, so an id is kept once.
type graph struct {
	ids   map[string]int32
	names []string
	edges []edge
	// roots are what the document describes, and told the things of which it lists the dependencies, be
	// there none.
	roots []int32
	told  map[int32]bool
}

// An edge says that one thing contains or needs another.
type edge struct{ from, to int32 }

// id gives the number of a name.
func (g *graph) id(name []byte) int32 {
	if n, known := g.ids[string(name)]; known {
		return n
	}
	if g.ids == nil {
		g.ids, g.told = map[string]int32{}, map[int32]bool{}
	}
	n := int32(len(g.names)) //nolint:gosec // a document has fewer bytes than this has numbers
	s := string(name)
	g.ids[s] = n
	g.names = append(g.names, s)
	return n
}

// add notes that from contains or needs to, or that it needs nothing.
func (g *graph) add(from, to int32) {
	g.told[from] = true
	switch g.names[to] {
	case "NONE", "NOASSERTION":
	default:
		g.edges = append(g.edges, edge{from, to})
	}
}

// A Depth is how much a document says about which package needs which.
type Depth int

// The depths, the least first.
const (
	// Flat: no relation between packages is stated.
	Flat Depth = iota
	// Some: some relation between packages, or between the described thing and a package, is stated.
	Some
	// Direct: the described thing names at least one package that it contains or needs.
	Direct
	// Transitive: every package can be reached from the described thing, and the document also says what
	// packages need themselves: by a relation between two of them, or by a statement for each that it needs
	// none.
	Transitive
)

// Dependencies is how much the document says about which package needs which. Relations with files and with
// other documents do not count. A document without packages is Flat.
func (d *Document) Dependencies() Depth {
	g := d.graph
	if g == nil || len(d.Packages) == 0 {
		return Flat
	}
	listed, roots := make([]bool, len(g.names)), make([]bool, len(g.names))
	for i := range d.Packages {
		if n, known := g.ids[d.Packages[i].Ref]; known && d.Packages[i].Ref != "" {
			listed[n] = true
		}
	}
	for _, n := range g.roots {
		roots[n] = true
	}
	depth, between, out := Flat, false, make([][]int32, len(g.names))
	for _, e := range g.edges {
		if !listed[e.to] || !listed[e.from] && !roots[e.from] || e.from == e.to {
			continue
		}
		out[e.from] = append(out[e.from], e.to)
		depth = max(depth, Some)
		if roots[e.from] {
			depth = Direct
		} else if !roots[e.to] {
			between = true
		}
	}
	if depth == Direct && d.reachable(out) && (between || d.eachTold(roots)) {
		return Transitive
	}
	return depth
}

// reachable says whether every package can be reached from what is described.
func (d *Document) reachable(out [][]int32) bool {
	met := make([]bool, len(out))
	queue := append([]int32(nil), d.graph.roots...)
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if !met[n] {
			met[n] = true
			queue = append(queue, out[n]...)
		}
	}
	for i := range d.Packages {
		n, known := d.graph.ids[d.Packages[i].Ref]
		if !known || !met[n] {
			return false
		}
	}
	return true
}

// eachTold says whether the document tells the dependencies of each package.
func (d *Document) eachTold(roots []bool) bool {
	for i := range d.Packages {
		n, known := d.graph.ids[d.Packages[i].Ref]
		if !known || !roots[n] && !d.graph.told[n] {
			return false
		}
	}
	return true
}

// Describes says whether the package is what the document is about.
func (d *Document) Describes(p *Package) bool {
	if d.graph == nil || p.Ref == "" {
		return false
	}
	n, known := d.graph.ids[p.Ref]
	if !known {
		return false
	}
	for _, root := range d.graph.roots {
		if root == n {
			return true
		}
	}
	return false
}
