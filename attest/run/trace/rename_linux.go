//go:build amd64 || arm64

package trace

import (
	"strings"

	"golang.org/x/sys/unix"
)

// A pair are the two names of renaming and linking.
type pair struct {
	from   *found
	to     string // resolved
	exists *found // what has the name to already, or nil
}

// pair looks both names up. It fails, and is counted, if the call must fail as well.
func (l *look) pair(fromFolder, fromArg, toFolder, toArg int, follow bool) (p pair, ok bool) {
	from, ok := l.path(fromArg)
	if !ok {
		return p, false
	}
	to, ok := l.path(toArg)
	if !ok {
		return p, false
	}
	var err error
	if p.from, err = l.find(fromFolder, from, follow); err != nil {
		l.failed(err)
		return p, false
	}
	parent, full, err := l.place(toFolder, strings.TrimRight(to, "/"))
	if err != nil {
		l.failed(err)
		return p, false
	}
	if parent.stat.Dev != p.from.stat.Dev { // the caller is told, and copies
		l.leave(Refused)
		return p, false
	}
	p.to = full
	if p.exists, err = l.find(toFolder, to, false); err != nil {
		p.exists = nil
	}
	return p, true
}

// rename notes that a file has another name now. The content that it brings is as
// good as read; a folder's files are not walked, but its new name is remembered.
func (l *look) rename(fromFolder, fromArg, toFolder, toArg int, flags uint64) {
	p, ok := l.pair(fromFolder, fromArg, toFolder, toArg, false)
	if !ok {
		return
	}
	exchange := flags&unix.RENAME_EXCHANGE != 0
	switch {
	case flags&unix.RENAME_NOREPLACE != 0 && p.exists != nil:
		l.leave(Refused)
	case p.from.is(unix.S_IFDIR):
		l.effects = append(l.effects, effect{path: p.to, folder: true})
	case !p.from.is(unix.S_IFREG), pseudo(p.to):
	case exchange && p.exists != nil && p.exists.is(unix.S_IFREG):
		l.touch(p.from.name, reads|writes, l.super.identify(&p.from.stat))
		l.touch(p.to, reads|writes, l.super.identify(&p.exists.stat))
	default:
		l.touch(p.from.name, reads|removes, l.super.identify(&p.from.stat))
		l.touch(p.to, creates, identity{})
	}
}

// link notes a second name of a file.
func (l *look) link(fromFolder, fromArg, toFolder, toArg int, flags uint64) {
	p, ok := l.pair(fromFolder, fromArg, toFolder, toArg, flags&unix.AT_SYMLINK_FOLLOW != 0)
	if !ok {
		return
	}
	switch {
	case p.exists != nil:
		l.leave(Refused)
	case !p.from.is(unix.S_IFREG), pseudo(p.to):
	default:
		if p.from.stat.Nlink > 0 { // else it was made without a name
			l.touch(p.from.name, reads, l.super.identify(&p.from.stat))
		}
		l.touch(p.to, creates, identity{})
	}
}
