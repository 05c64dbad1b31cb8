package ci

import "strings"

// A Level is the SLSA build level that provenance of a run can claim at most, why no more,
// and what would raise it ("" where nothing does).
type Level struct {
	Build      int
	Why, Raise string
}

// Level is what the provenance of a build can claim at most (SLSA v1.2, "Build: Track
// Basics"; docs/buildtypes/README.md). It is made within the job that builds, which may
// write what it likes: it is level 1 unless the platform's own identity signs, then level
// 2, and 3 only where a workflow signs that whoever starts the build does not define.
// identity says that the run's own identity token signs, rather than a key.
func (b *Build) Level(identity bool) Level {
	runner := b.values[FieldRunner].Text
	switch {
	case !identity:
		return Level{1, "a key signs that this job can use", b.raise()}
	case !b.token:
		return Level{1, "the identity that signs is not shown to be this run's", b.raise()}
	case runner == "ssh-rerun":
		return Level{1, "people could log in to this run (ssh-rerun)", "a run without SSH"}
	case runner != "" && !strings.HasSuffix(runner, "-hosted"), runner == "self-hosted":
		return Level{1, "the runner is " + runner, "a runner of the platform's own"}
	case b.reusable && runner == "github-hosted":
		return Level{3, "a workflow of another repository builds and signs, if nothing that its caller defines runs in its job", ""}
	case b.System == GitHub:
		return Level{2, "the platform's identity signs, in the job that builds", "build and sign in a reusable workflow of another repository"}
	}
	return Level{2, "the platform's identity signs, in the job that builds", "a platform that signs out of the job's reach"}
}

// raise is what gives a job of the system an identity to sign with.
func (b *Build) raise() string {
	switch b.System {
	case GitHub:
		return "sign without --key, with the permission id-token: write"
	case GitLab:
		return "sign without --key, with id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }"
	case CircleCI, Buildkite:
		return "sign without --key, by the identity that " + b.System.String() + " gives its jobs"
	case Drone, Woodpecker:
		return "a platform that gives its jobs an identity to sign with; " + b.System.String() + " gives none"
	}
	return "sign by the identity of " + b.System.String() + ", which takes a certificate authority of your own that accepts it"
}
