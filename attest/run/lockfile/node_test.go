package lockfile_test

func goSamples() []sample {
	return []sample{
		{"go.sum", "go.sum", `github.com/BurntSushi/toml v1.4.0 {ah1}
github.com/BurntSushi/toml v1.4.0/go.mod {bh1}
github.com/marklodato/go-hello-world v0.0.1 h1:Khu2En+0gcYPZ2kuIihfswbzxv/mIHXgzPZ018Oty48=
github.com/docker/docker v28.0.0+incompatible {ah1}
gopkg.in/yaml.v3 v3.0.1 {ah1}
`, `
pkg:golang/github.com/burntsushi/toml@v1.4.0 named github.com/BurntSushi/toml@v1.4.0 dirHash:{a256}
pkg:golang/github.com/docker/docker@v28.0.0%2Bincompatible dirHash:{a256}
pkg:golang/github.com/marklodato/go-hello-world@v0.0.1 dirHash:2a1bb6127fb481c60f67692e22285fb306f3c6ffe62075e0ccf674d7c3adcb8f
pkg:golang/gopkg.in/yaml.v3@v3.0.1 dirHash:{a256}
undigested 0
`},
		{"modules that differ by case", "go.work.sum", "g/A v1.0.0 {ah1}\ng/a v1.0.0 {bh1}\r\n", `
pkg:golang/g/a@v1.0.0 dirHash:{b256}
pkg:golang/g/a@v1.0.0 named g/A@v1.0.0 dirHash:{a256}
undigested 0
`},
	}
}

func nodeSamples() []sample {
	return []sample{
		{"npm, version 3", "package-lock.json", `{
  "name": "app", "version": "1.0.0", "lockfileVersion": 3, "requires": true,
  "packages": {
    "": {"name": "app", "version": "1.0.0", "workspaces": ["packages/*"], "dependencies": {"a": "^1.0.0"}},
    "packages/own": {"version": "1.0.0"},
    "node_modules/own": {"resolved": "packages/own", "link": true},
    "node_modules/@scope/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/@scope/a/-/a-1.0.0.tgz", "integrity": "{a64}", "license": "MIT", "engines": {"node": ">=0.10"}, "peer": true},
    "node_modules/alias": {"name": "real", "version": "2.0.0", "resolved": "https://user:secret@npm.example.com/real/-/real-2.0.0.tgz?token=secret", "integrity": "sha1-oaGhoaGhoaGhoaGhoaGhoaGhoaE= {a64}"},
    "node_modules/b/node_modules/@scope/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/@scope/a/-/a-1.0.0.tgz", "integrity": "{a64}"},
    "node_modules/b/node_modules/inner": {"version": "3.0.0", "inBundle": true},
    "node_modules/tar": {"version": "4.0.0", "resolved": "https://example.com/tar.tgz", "integrity": "{b64}"},
    "node_modules/git": {"version": "5.0.0", "resolved": "git+ssh://git@github.com/o/r.git#{a1}", "integrity": "{b64}"},
    "node_modules/old": {"version": "6.0.0", "resolved": "https://registry.npmjs.org/old/-/old-6.0.0.tgz"},
    "node_modules/file": {"version": "1.0.0", "resolved": "file:file-1.0.0.tgz", "integrity": "{b64}"}
  }
}`, `
pkg:npm/%40scope/a@1.0.0 sha512:{a512} from https://registry.npmjs.org/@scope/a/-/a-1.0.0.tgz
pkg:npm/git@5.0.0?vcs_url=git%2Bssh:%2F%2Fgithub.com%2Fo%2Fr.git%40{a1} gitCommit:{a1} from git+ssh://github.com/o/r.git@{a1}
pkg:npm/old@6.0.0 from https://registry.npmjs.org/old/-/old-6.0.0.tgz
pkg:npm/real@2.0.0 sha1:{a1} sha512:{a512} from https://npm.example.com/real/-/real-2.0.0.tgz
pkg:npm/tar@4.0.0?download_url=https:%2F%2Fexample.com%2Ftar.tgz sha512:{b512} from https://example.com/tar.tgz
undigested 1
`},
		{"npm, version 2", "npm-shrinkwrap.json", `{"lockfileVersion": 2,
  "packages": {"node_modules/a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "{a64}", "dependencies": {"b": "1"}}},
  "dependencies": {"a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "{a64}", "requires": {"b": "1"}}}}`, `
pkg:npm/a@1.0.0 sha512:{a512} from https://registry.npmjs.org/a/-/a-1.0.0.tgz
undigested 0
`},
		{"npm, version 1", "package-lock.json", `{"name": "app", "requires": true, "lockfileVersion": 1, "dependencies": {
  "a": {"version": "1.0.0", "resolved": "https://registry.npmjs.org/a/-/a-1.0.0.tgz", "integrity": "{a64}", "dev": true,
    "dependencies": {"b": {"version": "2.0.0", "resolved": "https://registry.npmjs.org/b/-/b-2.0.0.tgz", "integrity": "{b64}"}}},
  "alias": {"version": "npm:@s/real@3.0.0", "resolved": "https://registry.npmjs.org/@s/real/-/real-3.0.0.tgz", "integrity": "{a64}"},
  "git": {"version": "github:o/r#{b1}", "from": "github:o/r"},
  "in": {"version": "1.0.0", "bundled": true},
  "own": {"version": "file:packages/own"}
}}`, `
pkg:npm/%40s/real@3.0.0 sha512:{a512} from https://registry.npmjs.org/@s/real/-/real-3.0.0.tgz
pkg:npm/a@1.0.0 sha512:{a512} from https://registry.npmjs.org/a/-/a-1.0.0.tgz
pkg:npm/b@2.0.0 sha512:{b512} from https://registry.npmjs.org/b/-/b-2.0.0.tgz
pkg:npm/git?vcs_url=git%2Bhttps:%2F%2Fgithub.com%2Fo%2Fr%40{b1} gitCommit:{b1} from git+https://github.com/o/r@{b1}
undigested 0
`},
		{"pnpm, version 5", "pnpm-lock.yaml", `lockfileVersion: 5.4
specifiers:
  a: ^1.0.0
packages:
  /@s/a/1.0.0_b@2.0.0:
    resolution: {integrity: {a64}}
    engines: {node: '>=6.9.0'}
    dependencies:
      b: 2.0.0
  /b/2.0.0:
    resolution: {integrity: {b64}}
    dev: true
`, `
pkg:npm/%40s/a@1.0.0 sha512:{a512}
pkg:npm/b@2.0.0 sha512:{b512}
undigested 0
`},
		{"pnpm, version 6", "pnpm-lock.yaml", `lockfileVersion: '6.0'
packages:
  /@s/a@1.0.0(b@2.0.0)(c@3.0.0):
    resolution: {integrity: {a64}}
  github.com/o/r/{a1}:
    resolution: {tarball: https://codeload.github.com/o/r/tar.gz/{a1}}
    name: r
    version: 4.0.0
  file:own:
    resolution: {directory: own, type: directory}
    name: own
`, `
pkg:npm/%40s/a@1.0.0 sha512:{a512}
pkg:npm/r@4.0.0?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Fr%2Ftar.gz%2F{a1} from https://codeload.github.com/o/r/tar.gz/{a1}
undigested 1
`},
		{"pnpm 11, two documents", "pnpm-lock.yaml", `---
lockfileVersion: '9.0'
importers:
  .:
    packageManagerDependencies:
      pnpm: {specifier: 11.0.3, version: 11.0.3}
packages:
  pnpm@11.0.3:
    resolution: {integrity: {b64}}
snapshots:
  pnpm@11.0.3: {}
---
lockfileVersion: '9.0'
packages:
  '@s/a@1.0.0':
    resolution: {integrity: {a64}}
  r@git+https://git@example.com/o/r.git#{a1}:
    resolution: {commit: {a1}, repo: https://example.com/o/r.git, type: git}
    version: 4.0.0
snapshots:
  '@s/a@1.0.0(b@2)': {}
`, `
pkg:npm/%40s/a@1.0.0 sha512:{a512}
pkg:npm/pnpm@11.0.3 sha512:{b512}
pkg:npm/r@4.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%40{a1} gitCommit:{a1} from git+https://example.com/o/r.git@{a1}
undigested 0
`},
		{"yarn 1", "yarn.lock", `# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.
# yarn lockfile v1


"@s/a@^1.0.0", "@s/a@^1.1.0":
  version "1.1.0"
  resolved "https://registry.yarnpkg.com/@s/a/-/a-1.1.0.tgz#{a1}"
  integrity {a64}
  dependencies:
    b "^2.0.0"

b@^2.0.0:
  version "2.0.0"
  resolved "https://registry.yarnpkg.com/b/-/b-2.0.0.tgz#{b1}"

"alias@npm:real@^3.0.0":
  version "3.0.0"
  resolved "https://registry.yarnpkg.com/real/-/real-3.0.0.tgz#{b1}"

"r@git+https://example.com/o/r.git":
  version "4.0.0"
  resolved "git+https://example.com/o/r.git#{a1}"

"t@https://codeload.github.com/o/t/tar.gz/x":
  version "5.0.0"
  resolved "https://codeload.github.com/o/t/tar.gz/x#{b1}"

"own@file:../own":
  version "1.0.0"
`, `
pkg:npm/%40s/a@1.1.0 sha1:{a1} sha512:{a512} from https://registry.yarnpkg.com/@s/a/-/a-1.1.0.tgz
pkg:npm/b@2.0.0 sha1:{b1} from https://registry.yarnpkg.com/b/-/b-2.0.0.tgz
pkg:npm/r@4.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%40{a1} gitCommit:{a1} from git+https://example.com/o/r.git@{a1}
pkg:npm/real@3.0.0 sha1:{b1} from https://registry.yarnpkg.com/real/-/real-3.0.0.tgz
pkg:npm/t@5.0.0?download_url=https:%2F%2Fcodeload.github.com%2Fo%2Ft%2Ftar.gz%2Fx sha1:{b1} from https://codeload.github.com/o/t/tar.gz/x
undigested 0
`},
		{"yarn 4", "yarn.lock", `# This file is generated by running "yarn install" inside your project.
# Manual changes might be lost - proceed with caution!

__metadata:
  version: 8
  cacheKey: 10c0

"@s/a@npm:^1.0.0, @s/a@npm:^1.1.0":
  version: 1.1.0
  resolution: "@s/a@npm:1.1.0"
  dependencies:
    b: "npm:^2.0.0"
  checksum: 10c0/{a512}
  languageName: node
  linkType: hard

"fsevents@patch:fsevents@npm%3A~2.3.2#optional!builtin<compat/fsevents>":
  version: 2.3.3
  resolution: "fsevents@patch:fsevents@npm%3A2.3.3#optional!builtin<compat/fsevents>::version=2.3.3&hash=df0bf1"
  languageName: node
  linkType: hard

"p@npm:1.0.0":
  version: 1.0.0
  resolution: "p@npm:1.0.0::__archiveUrl=https%3A%2F%2Fnpm.example.com%2Fp%2F-%2Fp-1.0.0.tgz"
  languageName: node
  linkType: hard

"r@https://example.com/o/r.git":
  version: 4.0.0
  resolution: "r@https://example.com/o/r.git#commit={a1}"
  checksum: 10c0/{b512}
  languageName: node
  linkType: hard

"root-workspace@workspace:.":
  version: 0.0.0-use.local
  resolution: "root-workspace@workspace:."
  languageName: unknown
  linkType: soft
`, `
pkg:npm/%40s/a@1.1.0 yarnCacheChecksum=10c0/{a512}
pkg:npm/p@1.0.0 from https://npm.example.com/p/-/p-1.0.0.tgz
pkg:npm/r@4.0.0?vcs_url=git%2Bhttps:%2F%2Fexample.com%2Fo%2Fr.git%40{a1} gitCommit:{a1} from git+https://example.com/o/r.git@{a1}
undigested 2
`},
	}
}
